import { Failure } from '../../reasons/failure.ts';
import { describeContainerLead, type ContainerLead } from '../../alerts/container-labels.ts';
import type { Container } from './containers.ts';

/** Containers that the labels lead to: one, or those of one service. */
export interface Found {
  containers: [Container, ...Container[]];
  /** In words, for the choice: `label name`, `service shop (label job)`. */
  by: string;
}

/** More would hide the first ones. */
const mostNamed = 5;

const composeProject = 'com.docker.compose.project';
const composeService = 'com.docker.compose.service';
const swarmService = 'com.docker.swarm.service.name';

/** What the containers of one service share: engine, project and service; '' for one that belongs to none. */
export function serviceOf({ engine, labels }: Container): string {
  const compose = labels[composeService];
  if (compose !== undefined) return `${engine.name}/${labels[composeProject] ?? ''}/${compose}`;
  const swarm = labels[swarmService];
  return swarm === undefined ? '' : `${engine.name}/${swarm}`;
}

/**
 * The first lead that fits a container decides; leads that fit none give way to the next.
 * @param isHere whether a host name or address is the machine of an engine
 * Throws no-target-labels, target-not-found, or target-ambiguous, with the candidates.
 */
export function findContainers(
  all: readonly Container[],
  leads: readonly ContainerLead[],
  isHere: (engine: Container['engine'], host: string) => boolean,
): Found {
  if (leads.length === 0)
    throw new Failure('no-target-labels', { detail: 'no container, instance or service label' });
  for (const lead of leads) {
    const fitting = all.filter((container) => fits(container, lead, isHere));
    const [first, ...others] = fitting;
    if (first === undefined) continue;
    const service = serviceOf(first);
    const ofOneService = service !== '' && others.every((each) => serviceOf(each) === service);
    if (others.length > 0 && !ofOneService) throw ambiguous(lead, fitting);
    return { containers: [first, ...others], by: describeContainerLead(lead) };
  }
  throw new Failure('target-not-found', {
    detail: `no container matches ${leads.slice(0, mostNamed).map(describeContainerLead).join(', ')}`,
  });
}

function fits(
  container: Container,
  lead: ContainerLead,
  isHere: (engine: Container['engine'], host: string) => boolean,
): boolean {
  const { labels } = container;
  switch (lead.by) {
    case 'id':
      return container.id.startsWith(lead.id);
    case 'name':
      return container.name === lead.name;
    case 'service': {
      const { service, project } = lead;
      if (project !== null && labels[composeProject] !== project) return false;
      return [labels[composeService], labels[swarmService], container.name].includes(service);
    }
    case 'address': {
      const { host, port } = lead;
      if (container.addresses.includes(host)) return true;
      if (container.name === host || labels[composeService] === host || container.id.startsWith(hexOf(host)))
        return true;
      return (
        port !== null &&
        container.ports.some(({ published }) => published === port) &&
        isHere(container.engine, host)
      );
    }
  }
}

/** A container's host name is the start of its id, unless it was given another. */
function hexOf(host: string): string {
  return /^[0-9a-f]{12}$/.test(host) ? host : 'no id';
}

function ambiguous(lead: ContainerLead, fitting: readonly Container[]): Failure {
  const names = fitting.slice(0, mostNamed).map(({ engine, name }) => `${engine.name}/${name}`);
  const more = fitting.length > mostNamed ? ', …' : '';
  const engines = new Set(fitting.map(({ engine }) => engine));
  return new Failure('target-ambiguous', {
    detail:
      `${describeContainerLead(lead)} fits ${names.join(', ')}${more}: ` +
      'keep cAdvisor’s label name, or com_docker_compose_project, in the alert' +
      (engines.size > 1 ? ', and an instance or nodename that names the machine' : ''),
  });
}
