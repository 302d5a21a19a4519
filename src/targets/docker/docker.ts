import { z } from 'zod';
import { asFailure, Failure, type Reason } from '../../reasons/failure.ts';
import { containerLeads } from '../../alerts/container-labels.ts';
import { addresses } from '../../captures/target-kinds.ts';
import type { Target, TargetRequest, Targets } from '../../captures/target.ts';
import { permission } from '../permission.ts';
import { restartedSince } from '../restarted-since.ts';
import { checkEngine } from './check-engine.ts';
import { chooseContainer, measure, rounded } from './choose-container.ts';
import { inspectContainer, listContainers, type Container } from './containers.ts';
import { dockerExec } from './docker-exec.ts';
import { Engine, type EngineSettings } from './engine.ts';
import { enginesNamed, isMachineOf } from './engine-machine.ts';
import { healthOf } from './health.ts';
import { findContainers, serviceOf, type Found } from './find-containers.ts';
import { besideAgain, besideFromNoShell, type SecondContainerSettings } from './second-container.ts';

/** Which engines there are; the keys are documented in the configuration. */
export interface DockerSettings {
  engines: readonly EngineSettings[];
  /** Only containers with the label `flamepin.io/profile=allow`. */
  requireOptIn: boolean;
  /** For containers without a shell; undefined: they are refused. */
  secondContainer?: SecondContainerSettings | undefined;
}

/** Containers, and why an engine could not be asked for its own. */
interface Listed {
  containers: Container[];
  refusal: Failure | null;
}

/** What the ledger keeps of a container: enough to open it again and to check that it is still the same run. */
const dataSchema = z.object({
  engine: z.string(),
  id: z.string(),
  startedAt: z.string(),
  restartCount: z.number(),
});

/** JVMs in the containers of Docker engines, or of Podman through its compatible socket. */
export function dockerTargets(settings: DockerSettings): Targets {
  const engines = settings.engines.map((each) => new Engine(each));

  const engineNamed = (name: string): Engine => {
    const engine = engines.find((each) => each.name === name);
    if (engine === undefined)
      throw new Failure('target-not-found', {
        detail: `no engine is called ${name}, only ${engines.map((each) => each.name).join(', ')}`,
      });
    return engine;
  };

  /** Containers of all engines that answer: one that is away does not hide the containers of the others. */
  const listAll = async (some: readonly Engine[], signal: AbortSignal): Promise<Listed> => {
    const lists = await Promise.allSettled(some.map((engine) => listContainers(engine, signal)));
    const refusals = lists.flatMap((list) => (list.status === 'rejected' ? [asFailure(list.reason)] : []));
    const [refusal] = refusals;
    if (refusal !== undefined && refusals.length === lists.length) throw refusal;
    return {
      containers: lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])),
      refusal: refusal ?? null,
    };
  };

  /** By the labels of the alert, on the engine whose machine they name if they name one. */
  const find = async (
    { labels }: TargetRequest,
    signal: AbortSignal,
  ): Promise<Found & { refusal: Failure | null }> => {
    const named = enginesNamed(engines, labels);
    const { containers, refusal } = await listAll(named.length > 0 ? named : engines, signal);
    try {
      return { ...findContainers(containers, containerLeads(labels), isMachineOf), refusal };
    } catch (error) {
      // It may be on the engine that did not answer.
      if (refusal !== null && error instanceof Failure && error.code === 'target-not-found') throw refusal;
      throw error;
    }
  };

  const findByName = async (uri: string, signal: AbortSignal) => {
    const { engine, container } = containerNamed(uri);
    const { containers, refusal } = await listAll(engine === null ? engines : [engineNamed(engine)], signal);
    return { ...byName(containers, container), refusal };
  };

  const resolve = async (request: TargetRequest, signal: AbortSignal): Promise<Target> => {
    signal.throwIfAborted();
    const found = await (request.uri === undefined ? find(request, signal) : findByName(request.uri, signal));
    const startsAt = request.uri === undefined ? request.startsAt : null;
    const { fit, refusals } = await eligible(found.containers, settings, startsAt, signal);
    const [first, ...others] = fit;
    if (first === undefined) throw noneEligible(refusals, found.by);
    const { container, why } = await chooseContainer([first, ...others], signal);
    const left =
      refusals.length === 0
        ? ''
        : `${refusals.length} of ${found.containers.length} left out: ${refusals[0]?.detail ?? ''}`;
    const away = found.refusal === null ? '' : `not looked at: ${found.refusal.reason.detail}`;
    return await describe(container, [why, left, away], signal);
  };

  const sibling = async (
    target: Target,
    request: TargetRequest,
    signal: AbortSignal,
  ): Promise<Target | null> => {
    const { engine, id } = dataSchema.parse(target.data);
    const all = await listContainers(engineNamed(engine), signal);
    const own = all.find((each) => each.id === id);
    const service = own === undefined ? '' : serviceOf(own);
    if (own === undefined || service === '') return null;
    const others = all.filter((each) => each.id !== id && serviceOf(each) === service);
    const startsAt = request.uri === undefined ? request.startsAt : null;
    const { fit } = await eligible(others, settings, startsAt, signal);
    const measured = await measure(fit, signal);
    const typical = measured[Math.floor(measured.length / 2)];
    if (typical === undefined) return null;
    const described = await describe(
      typical.container,
      [`sibling: typical of ${fit.length} other containers by CPU: ${rounded(typical.cores)} cores`],
      signal,
    );
    return described.image === target.image ? described : null;
  };

  return {
    resolve,
    sibling,
    open: (target, again, captureId) => {
      const { engine, id } = dataSchema.parse(target.data);
      const beside = { engine: engineNamed(engine), target: id, captureId };
      if (again !== undefined) return besideAgain(beside, again.place);
      const { secondContainer } = settings;
      return secondContainer === undefined
        ? dockerExec(beside.engine, id)
        : besideFromNoShell(beside, secondContainer);
    },
    health: async (target, _session, signal) => {
      const data = dataSchema.parse(target.data);
      const engine = engineNamed(data.engine);
      return await healthOf(engine, data, await inspectContainer(engine, data.id, signal), signal);
    },
    check: async (signal) =>
      await Promise.all(
        engines.map(async (engine) => await checkEngine(engine, settings.secondContainer ?? null, signal)),
      ),
  };
}

/** `docker://[engine/]container`, by name or id. */
function containerNamed(uri: string): { engine: string | null; container: string } {
  const { form, pattern } = addresses.docker;
  const [, engine, container] = pattern.exec(uri) ?? [];
  if (container === undefined) throw new Failure('target-not-found', { detail: `${uri} is not ${form}` });
  return { engine: engine ?? null, container };
}

function byName(all: readonly Container[], named: string): { containers: Container[]; by: string } {
  const exact = all.filter(({ name, id }) => name === named || id === named);
  const fitting =
    exact.length > 0 ? exact : all.filter(({ id }) => named.length >= 12 && id.startsWith(named));
  if (fitting.length === 0)
    throw new Failure('target-not-found', { detail: `there is no container ${named}` });
  if (fitting.length > 1)
    throw new Failure('target-ambiguous', {
      detail: `${named} is on ${fitting.map(({ engine }) => engine.name).join(', ')}: write docker://ENGINE/${named}`,
    });
  return { containers: fitting, by: 'the name given' };
}

async function eligible(
  containers: readonly Container[],
  { requireOptIn }: DockerSettings,
  alertStartsAt: string | null,
  signal: AbortSignal,
): Promise<{ fit: Container[]; refusals: Reason[] }> {
  const fit: Container[] = [];
  const refusals: Reason[] = [];
  for (const container of containers) {
    const refusal =
      refusalOf(container, requireOptIn) ?? (await restartRefusal(container, alertStartsAt, signal));
    if (refusal === null) fit.push(container);
    else refusals.push(refusal);
  }
  return { fit, refusals };
}

function refusalOf({ name, state, labels }: Container, requireOptIn: boolean): Reason | null {
  if (labels[permission] === 'deny')
    return { code: 'target-denied', detail: `${name} has ${permission}: deny` };
  if (requireOptIn && labels[permission] !== 'allow')
    return { code: 'target-denied', detail: `${name} has no ${permission}: allow, which flamepin requires` };
  if (state === 'paused') return { code: 'target-frozen', detail: `container ${name} is paused` };
  return state === 'running' ? null : { code: 'target-not-running', detail: `container ${name} is ${state}` };
}

async function restartRefusal(
  { engine, id, name }: Container,
  alertStartsAt: string | null,
  signal: AbortSignal,
): Promise<Reason | null> {
  if (alertStartsAt === null) return null;
  const startedAt = (await inspectContainer(engine, id, signal))?.State.StartedAt ?? '';
  if (!restartedSince(startedAt, alertStartsAt)) return null;
  return {
    code: 'target-restarted',
    detail: `${name} started at ${startedAt}, the alert began at ${alertStartsAt}`,
  };
}

function noneEligible(refusals: readonly Reason[], by: string): Failure {
  const [first] = refusals;
  if (first === undefined) return new Failure('target-not-found', { detail: by });
  const more = refusals.length > 1 ? ` (none of ${refusals.length} containers can be profiled)` : '';
  return new Failure(first.code, { detail: `${first.detail}${more}` });
}

async function describe(
  container: Container,
  choice: readonly string[],
  signal: AbortSignal,
): Promise<Target> {
  const { engine, id, name } = container;
  const now = await inspectContainer(engine, id, signal);
  if (now === undefined) throw new Failure('target-gone', { detail: `container ${name} was removed` });
  if (!now.State.Running)
    throw new Failure('target-not-running', { detail: `container ${name} is not running` });
  const service = serviceOf(container);
  return {
    kind: 'docker',
    uri: `docker://${engine.name}/${name}`,
    name,
    workload: service === '' ? `${engine.name}/${name}` : service,
    node: engine.name,
    image: now.Image,
    startedAt: now.State.StartedAt,
    choice: choice.filter((words) => words !== '').join('; '),
    data: { engine: engine.name, id, startedAt: now.State.StartedAt, restartCount: now.RestartCount },
  };
}
