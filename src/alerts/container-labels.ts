import type { Labels } from './present.ts';

/** One thing that an alert's labels say about a container of an engine; `label` is where it was read from. */
export type ContainerLead =
  | { by: 'id'; id: string; label: string }
  | { by: 'name'; name: string; label: string }
  | { by: 'service'; service: string; project: string | null; label: string }
  | { by: 'address'; host: string; port: number | null; label: string };

/** cAdvisor writes the labels of a container with this before them, and every other character as `_`. */
const containerLabel = 'container_label_';
const composeServices = [
  `${containerLabel}com_docker_compose_service`,
  'com_docker_compose_service',
  'compose_service',
];
const composeProjects = [
  `${containerLabel}com_docker_compose_project`,
  'com_docker_compose_project',
  'compose_project',
];
const swarmTasks = [`${containerLabel}com_docker_swarm_task_name`, 'com_docker_swarm_task_name', 'task_name'];
const swarmServices = [
  `${containerLabel}com_docker_swarm_service_name`,
  'com_docker_swarm_service_name',
  'swarm_service',
];
const names = ['container_name', 'container.name', 'name', 'container'];
/** Weak: what a service calls itself. `job` is the scrape job. */
const services = ['service_name', 'service.name', 'service', 'application', 'job'];

/**
 * What the labels say about a container, the surest first. Values are hostile text: they are compared with what the engine
 * lists, and never part of a request.
 */
export function containerLeads(labels: Labels): ContainerLead[] {
  const read = (label: string): string | null => {
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
    return value === undefined || value === '' ? null : value;
  };
  const leads: ContainerLead[] = [];
  for (const label of ['container_id', 'container.id', 'id']) {
    const id = idIn(read(label) ?? '');
    if (id !== null) leads.push({ by: 'id', id, label });
  }
  const project = composeProjects.map(read).find((value) => value !== null) ?? null;
  const add = (list: readonly string[], lead: (value: string, label: string) => ContainerLead) => {
    for (const label of list) {
      const value = read(label);
      if (value !== null) leads.push(lead(value, label));
    }
  };
  add(swarmTasks, (name, label) => ({ by: 'name', name, label }));
  add(composeServices, (service, label) => ({ by: 'service', service, project, label }));
  add(swarmServices, (service, label) => ({ by: 'service', service, project: null, label }));
  // `container` may also be the name of a Compose service, as some scrape configurations write it.
  add(names, (name, label) => ({ by: 'name', name: name.replace(/^\//, ''), label }));
  const instance = addressIn(read('instance') ?? '');
  if (instance !== null) leads.push({ by: 'address', ...instance, label: 'instance' });
  add(services, (service, label) => ({ by: 'service', service, project, label }));
  return leads;
}

/** For people: `service shop/checkout (label com_docker_compose_service)`. Hostile text. */
export function describeContainerLead(lead: ContainerLead): string {
  switch (lead.by) {
    case 'id':
      return `id ${lead.id.slice(0, 12)} (label ${lead.label})`;
    case 'name':
      return `name ${lead.name} (label ${lead.label})`;
    case 'service':
      return `service ${lead.project === null ? '' : `${lead.project}/`}${lead.service} (label ${lead.label})`;
    case 'address':
      return `${lead.host}${lead.port === null ? '' : `:${lead.port}`} (label ${lead.label})`;
  }
}

/** A container's id, whole or as the end of its cgroup: `/docker/ID`, `/system.slice/docker-ID.scope`. */
function idIn(text: string): string | null {
  return /(?:^|[/:-])([0-9a-f]{64}|[0-9a-f]{12})(?:\.scope)?$/.exec(text)?.[1] ?? null;
}

/** `shop:8080`, `172.18.0.5:8080`, `[fd00::2]:8080`, or a URL that begins with http. */
function addressIn(instance: string): { host: string; port: number | null } | null {
  const [, host, port] =
    /^(?:https?:\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252}))(?::(\d{1,5}))?(?:\/.*)?$/.exec(
      instance,
    ) ?? [];
  if (host === undefined) return null;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? null : Number(port) };
}
