import type { Configuration } from '../config/load.ts';
import { endState } from '../captures/end-state.ts';
import type { Target } from '../captures/target.ts';
import { stepsOf } from '../profiler/steps.ts';
import type { Explanation } from '../routing/explain.ts';
import { containersPath } from '../targets/docker/containers.ts';
import { firstQuestions } from '../targets/kubernetes/choice/first-questions.ts';
import { maxLooks } from '../targets/kubernetes/choice/measure-pods.ts';
import { podPath } from '../targets/kubernetes/connection/paths.ts';
import { podDataSchema } from '../targets/kubernetes/connection/place.ts';
import type { Outlook } from './explain-target.ts';

/** What a capture would ask and run, as far as it is certain. */
export interface Foreseen {
  commands: string[];
  /** `refused` where the search ends before anybody is asked, so that it is certain. */
  finding: Outlook;
}

type Targets = Pick<Configuration, 'targets'>;

/** With `--offline`: whom a capture asks first, and what it runs in the target if there is one. Asks and runs nothing. */
export async function foresee(
  { outcome, request, wanted, host }: Explanation,
  configuration: Targets,
): Promise<Foreseen> {
  if (request === null || (outcome !== 'queued' && outcome !== 'observed'))
    return { commands: [], finding: notLookedFor };
  const { kubernetes, docker } = configuration.targets;
  switch (request.target.kind) {
    case 'docker': {
      const questions = Object.keys(docker.engines).map((name) => `engine ${name}: GET ${containersPath}`);
      return {
        commands: [...questions, ...inContainer(request, 'CONTAINER', configuration)],
        finding: notLookedFor,
      };
    }
    case 'kubernetes': {
      const { questions, refusal } = await firstQuestions(wanted, kubernetes.namespaces ?? null);
      if (refusal !== null)
        return {
          commands: [],
          finding: { result: 'refused', failure: refusal, end: endState(refusal.code) },
        };
      const { namespace, pod } = wanted;
      return {
        commands: [...questions, ...inPod(request, namespace, pod, null, configuration)],
        finding: notLookedFor,
      };
    }
    case 'host':
      return { commands: [readProcesses, ...inTarget(request, '')], finding: notLookedFor };
    case 'ssh':
      return { commands: onHost(host, request), finding: notLookedFor };
  }
}

/**
 * What a capture would run once it has found the target; with nobody to say which, what it would ask first. Nothing where
 * there is none.
 */
export async function commandsAfter(
  explanation: Explanation,
  finding: Outlook,
  configuration: Targets,
): Promise<string[]> {
  const { request, wanted, host } = explanation;
  if (request === null) return [];
  switch (finding.result) {
    case 'unanswered':
      return (await foresee(explanation, configuration)).commands;
    case 'needs-exec':
      if (request.target.kind === 'ssh') return onHost(host, request);
      return [
        `exec in up to ${maxLooks} of them: sh -c look.sh flamepin`,
        ...inPod(request, wanted.namespace, null, null, configuration),
      ];
    case 'found':
      return inFound(request, finding.target, configuration);
    case 'refused':
    case 'not-looked-for':
      return [];
  }
}

function inFound(request: Request, { kind, name, data }: Target, configuration: Targets): string[] {
  switch (kind) {
    case 'docker':
      return inContainer(request, name, configuration);
    case 'kubernetes': {
      const { namespace, pod, container } = podDataSchema.parse(data);
      return inPod(request, namespace, pod, container, configuration);
    }
    case 'host':
      return [readProcesses, ...inTarget(request, '', String(data['pid']))];
    case 'ssh':
      return inTarget(request, `ssh ${name}: `, String(data['pid']));
  }
}

type Request = NonNullable<Explanation['request']>;

const notLookedFor: Outlook = { result: 'not-looked-for' };
const readProcesses = 'read /proc: the JVMs of this machine';

function inPod(
  request: Request,
  namespace: string | null,
  pod: string | null,
  container: string | null,
  { targets }: Targets,
): string[] {
  const place = `${namespace ?? 'NAMESPACE'}/${pod ?? 'POD'}${container === null ? '' : `/${container}`}`;
  const path = podPath(namespace ?? 'NAMESPACE', pod ?? 'POD');
  return [
    ...inTarget(request, `exec ${place}: `),
    ...(targets.kubernetes.ephemeral === undefined
      ? []
      : [`PATCH ${path}/ephemeralcontainers, only where the container has no shell`]),
  ];
}

function inContainer(request: Request, name: string, { targets }: Targets): string[] {
  const steps = inTarget(request, `exec in ${name}: `);
  const { secondContainer } = targets.docker;
  if (secondContainer === undefined) return steps;
  return [
    ...steps,
    `POST /containers/create, of ${secondContainer.image}, only where the container has no shell`,
  ];
}

/** Logging in is a command too, so nobody has looked at its JVMs. */
function onHost(host: Explanation['host'], request: Request): string[] {
  const before = `ssh ${host?.host ?? 'HOST'}: `;
  return [`${before}sh -c look.sh flamepin PORT`, ...inTarget(request, before)];
}

function inTarget({ target, durationSeconds }: Request, before: string, pid?: string): string[] {
  const known = target.kind === 'host' || target.kind === 'ssh';
  const candidates = known ? 'PID' : target.process === null ? 'any' : 'PIDS';
  return stepsOf({ durationSeconds, candidates, pid }).map((step) => `${before}${step}`);
}
