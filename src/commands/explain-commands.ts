import type { Configuration } from '../config/load.ts';
import { stepsOf } from '../profiler/steps.ts';
import type { Explanation } from '../routing/explain.ts';
import { questionsFor } from '../targets/kubernetes/choice/questions.ts';

/** What a capture of this alert would ask and run, in order; empty where none would be made. Asks and runs nothing. */
export function commandsOf(
  { outcome, route, target, wanted }: Explanation,
  { targets, prometheus, grafana }: Pick<Configuration, 'targets' | 'prometheus' | 'grafana'>,
): string[] {
  if (route === null || target === null || (outcome !== 'queued' && outcome !== 'observed')) return [];
  const { durationSeconds } = route;
  if (target.kind === 'docker')
    return [
      ...Object.keys(targets.docker.engines).map((name) => `engine ${name}: GET /containers/json`),
      'for each candidate: GET /containers/CONTAINER/json, and its CPU time twice where there are several',
      ...stepsOf({ durationSeconds, candidates: target.process === null ? 'any' : 'PIDS' }).map(
        (step) => `exec in CONTAINER: ${step}`,
      ),
    ];
  if (target.kind !== 'kubernetes')
    return ['read /proc: the JVMs of this machine', ...stepsOf({ durationSeconds, candidates: 'PID' })];
  const questions = questionsFor(wanted, { ...targets.kubernetes, prometheus, grafana });
  if (questions.length === 0) return [];
  const place = `exec ${wanted.namespace ?? 'NAMESPACE'}/${wanted.pod ?? 'POD'}`;
  const steps = stepsOf({ durationSeconds, candidates: target.process === null ? 'any' : 'PIDS' });
  const sibling = target.sibling
    ? ['then for the sibling: the pods of the revision, their CPU, and the same commands in one of them']
    : [];
  return [...questions, ...steps.map((step) => `${place}: ${step}`), ...sibling];
}
