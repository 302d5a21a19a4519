import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { RE2JS } from 're2js';
import { programName } from '../../profiler/command-line.ts';
import { Failure } from '../../reasons/failure.ts';
import {
  elsewhere,
  isContainerId,
  mayBeContainer,
  otherMachine,
  type Machine,
} from '../../alerts/machine.ts';
import type { MappedLabel } from '../../alerts/label-mapping.ts';
import { isInUnit, unitNamed, unitWords, type NamedUnit } from '../../alerts/systemd-unit.ts';
import { hostExec } from './host-exec.ts';
import {
  bootId,
  groupsOf,
  hasAddress,
  hostJvm,
  hostJvms,
  isInContainer,
  listensOn,
  otherJava,
  startTicksOf,
  startTime,
  type HostProcess,
} from './host-processes.ts';
import { addresses } from '../../captures/target-kinds.ts';
import type { Target, TargetRequest, Targets } from '../../captures/target.ts';
import { thisHost } from './this-host.ts';

/** CPU totals tell who has been busy since start; the difference over a second, who is busy now. Milliseconds. */
const observationMs = 1000;

/** `names`: what alerts also call this machine. `unitLabels`: labels of the configuration that name a systemd unit. */
export interface HostSettings {
  names: readonly string[];
  unitLabels: readonly MappedLabel[];
}

/** JVMs on this machine. */
export function hostTargets({ names, unitLabels }: HostSettings): Targets {
  return {
    resolve: (request, signal) => {
      const unit = unitNamed(request.labels, unitLabels, request.fixed?.['unit']);
      return resolve(request, { here: thisHost(names), unit }, signal);
    },
    open: hostExec,
    health,
  };
}

interface Sought {
  here: Machine;
  /** null: any. */
  unit: NamedUnit | null;
}

async function resolve(request: TargetRequest, sought: Sought, signal: AbortSignal): Promise<Target> {
  const { process, choice } = await find(request, sought, signal);
  const node = hostname();
  return {
    kind: 'host',
    uri: `host://${process.pid}`,
    name: `${node} ${process.pid}`,
    workload: `${node}/${programName(process.args)}`,
    node,
    image: null,
    startedAt: (await startTime(process.startTicks)).toISOString(),
    choice,
    data: { pid: process.pid, startTicks: process.startTicks, bootId: await bootId() },
  };
}

interface Found {
  process: HostProcess;
  choice: string;
}

async function find(request: TargetRequest, { here, unit }: Sought, signal: AbortSignal): Promise<Found> {
  const named = pidOf(request.uri);
  if (named !== null) {
    const process = await hostJvm(named);
    if (process !== null) return { process, choice: '' };
    if ((await startTicksOf(named)) === null)
      throw new Failure('target-not-found', { detail: `there is no process ${named}` });
    const other = await otherJava(named);
    throw other === null
      ? new Failure('not-a-jvm', { detail: `process ${named} has no VM thread` })
      : new Failure('jvm-unsupported', { detail: other });
  }
  const all = await ofUnit(unit, await meantBy(request.labels, here, await hostJvms()));
  const pattern = request.process === undefined ? null : RE2JS.compile(request.process);
  const fitting = all.filter(({ args }) => pattern === null || pattern.matcher(args.join(' ')).find());
  const [only] = fitting;
  if (only === undefined) {
    throw new Failure('target-not-found', {
      detail:
        pattern === null
          ? 'no JVM runs here'
          : `none of ${all.length} JVMs here matches ${request.process ?? ''}`,
    });
  }
  if (fitting.length === 1)
    return { process: only, choice: unit === null ? '' : `the JVM of ${unitWords(unit)}` };
  const among = `${fitting.length} JVMs${unit === null ? '' : ` of ${unitWords(unit)}`}`;
  return (
    (await listening(fitting, among, request.labels['instance'] ?? '')) ?? busiest(fitting, among, signal)
  );
}

/**
 * The JVMs that the alert may be about: all, unless it names a container of this machine. Throws not-here when it is about
 * another machine: the answer would be about the wrong service, whatever the route's `process` pattern fits.
 */
async function meantBy(
  labels: TargetRequest['labels'],
  here: Machine,
  jvms: readonly HostProcess[],
): Promise<readonly HostProcess[]> {
  const other = otherMachine(labels, here);
  if (other === null) return jvms;
  const { host } = other;
  const within = isContainerId(host) ? isInContainer : hasAddress;
  const known = mayBeContainer(host, here) ? await Promise.all(jvms.map(({ pid }) => within(pid, host))) : [];
  const meant = jvms.filter((_, i) => known[i] === true);
  if (meant.length === 0) throw new Failure('not-here', { detail: elsewhere(other, here) });
  return meant;
}

/** The JVMs of the unit; all when none is named. Throws target-not-found. */
async function ofUnit(unit: NamedUnit | null, jvms: readonly HostProcess[]): Promise<readonly HostProcess[]> {
  if (unit === null) return jvms;
  const groups = await Promise.all(jvms.map(({ pid }) => groupsOf(pid)));
  const within = jvms.filter((_, i) => isInUnit(groups[i] ?? [], unit));
  if (within.length > 0) return within;
  throw new Failure('target-not-found', {
    detail: `none of ${jvms.length} JVMs here is in ${unitWords(unit)}`,
  });
}

/** `host://` leaves the choice to us, `host://PID` does not. */
function pidOf(uri: string | undefined): number | null {
  if (uri === undefined) return null;
  const { form, pattern } = addresses.host;
  const match = pattern.exec(uri);
  if (match === null) throw new Failure('target-not-found', { detail: `${uri} is not ${form}` });
  return match[1] === undefined ? null : Number(match[1]);
}

/** The JVM that listens on the port of the alert's instance, where the metrics came from. */
async function listening(
  processes: readonly HostProcess[],
  among: string,
  instance: string,
): Promise<Found | null> {
  const port = Number(/:(\d{1,5})$/.exec(instance)?.[1] ?? 0);
  if (port === 0) return null;
  for (const process of processes) {
    if (await listensOn(process.pid, port)) {
      return {
        process,
        choice: `of ${among} the one that listens on port ${port} of the alert's instance`,
      };
    }
  }
  return null;
}

async function busiest(
  processes: readonly HostProcess[],
  among: string,
  signal: AbortSignal,
): Promise<Found> {
  try {
    await sleep(observationMs, undefined, { signal });
  } catch (error) {
    throw new Failure('exec-disconnected', { detail: 'aborted', cause: error });
  }
  const spent = await Promise.all(
    processes.map(async (process) => {
      const later = await hostJvm(process.pid);
      const alive = later !== null && later.startTicks === process.startTicks;
      return { process, ticks: alive ? later.usedTicks - process.usedTicks : -1 };
    }),
  );
  const [first, second] = spent
    .filter(({ ticks }) => ticks >= 0)
    .sort((left, right) => right.ticks - left.ticks);
  if (first === undefined) throw new Failure('target-gone', { detail: `all of ${among} have ended` });
  return {
    process: first.process,
    choice:
      `busiest of ${among} over one second: it used ${first.ticks / 100} CPU seconds, ` +
      `the next one ${(second?.ticks ?? 0) / 100}`,
  };
}

const health: Targets['health'] = async (target, session) => {
  const pid = session?.pid ?? target.data['pid'];
  const startTicks = session?.startTicks ?? target.data['startTicks'];
  const boot = session?.bootId ?? target.data['bootId'];
  if (boot !== (await bootId())) return { alive: false, blocks: true, detail: 'the machine was rebooted' };
  const now = typeof pid === 'number' ? await startTicksOf(pid) : null;
  if (now === startTicks) return { alive: true };
  return {
    alive: false,
    blocks: true,
    detail:
      now === null
        ? `process ${String(pid)} has ended`
        : `process ${String(pid)} has been replaced by another`,
  };
};
