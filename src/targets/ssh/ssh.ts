import { RE2JS } from 're2js';
import { z } from 'zod';
import { chooseHost } from '../../alerts/named-host.ts';
import { isInUnit, unitNamed, unitWords, type NamedUnit } from '../../alerts/systemd-unit.ts';
import type { Target, TargetHealth, TargetRequest, Targets } from '../../captures/target.ts';
import { programName } from '../../profiler/command-line.ts';
import type { Exec } from '../../profiler/exec.ts';
import { Failure } from '../../reasons/failure.ts';
import { checkHosts } from './check-hosts.ts';
import { busiest, type Chosen } from './choose-jvm.ts';
import { SshClient } from './client.ts';
import type { Login } from '../../alerts/host-inventory.ts';
import { readAddress, writeAddress } from './destination.ts';
import { look, type HostJvm, type HostSeen } from './look.ts';
import type { SshSettings } from './settings.ts';
import { sshExec } from './ssh-exec.ts';

/** What the ledger keeps of a JVM on a host: enough to log in again and to check that it is still the same process. */
const dataSchema = z.object({
  user: z.string().nullable(),
  host: z.string(),
  port: z.number().nullable(),
  pid: z.number(),
  startTicks: z.string(),
  bootId: z.string(),
  /** Whom commands run as, through sudo; null: whoever logs in. */
  actAs: z.string().nullable(),
});

/** JVMs on other hosts, through the OpenSSH client. */
export function sshTargets(settings: SshSettings): Targets {
  const client = new SshClient(settings);
  return {
    resolve: (request, signal) => resolve(client, settings, request, signal),
    open: ({ data }) => {
      const { actAs, ...destination } = dataSchema.parse(data);
      return sshExec(client, destination, actAs);
    },
    health: (target, session, signal) => {
      const data = dataSchema.parse(target.data);
      return health(sshExec(client, data, null), { ...data, ...session }, signal);
    },
    check: (signal) => checkHosts(client, settings, signal),
    close: () => client.close(),
  };
}

async function resolve(
  client: SshClient,
  settings: SshSettings,
  request: TargetRequest,
  signal: AbortSignal,
): Promise<Target> {
  const { destination, pid } =
    request.uri === undefined
      ? { destination: destinationFor(request.labels, settings), pid: null }
      : withDefaults(readAddress(request.uri), settings);
  if (request.readOnly === true)
    throw new Failure('choice-needs-exec', { detail: `the JVMs on ${destination.host}` });
  const as = (user: string | null): Exec => sshExec(client, destination, user);
  const port = pid === null ? portIn(request.labels['instance']) : null;
  const seen = await look(as(null), port, signal);
  const unit = unitNamed(request.labels, settings.unitLabels, request.fixed?.['unit']);
  const { jvm, choice } =
    pid === null
      ? await choose(candidates(seen, request, destination, unit), { seen, as, port, signal, unit })
      : { jvm: processNamed(seen, pid, destination), choice: '' };
  const actAs = await whoToActAs(jvm, { seen, as, signal });
  const { host } = destination;
  // Alerts may call one host by its name and by its address: limits and cooldowns go by what it calls itself.
  const node = /^(?:localhost.*|)$/.test(seen.hostname) ? host : seen.hostname;
  return {
    kind: 'ssh',
    uri: writeAddress(destination, jvm.pid),
    name: `${node} ${jvm.pid}`,
    workload: `${node}/${programName(jvm.args)}`,
    node,
    image: null,
    startedAt: new Date((seen.btime + Number(jvm.startTicks) / 100) * 1000).toISOString(),
    choice,
    data: {
      ...destination,
      pid: jvm.pid,
      startTicks: jvm.startTicks,
      bootId: seen.bootId,
      actAs,
    } satisfies z.infer<typeof dataSchema>,
  };
}

function destinationFor(labels: TargetRequest['labels'], settings: SshSettings): Login {
  const chosen = chooseHost(labels, settings, settings.hostLabels);
  if ('code' in chosen) throw new Failure(chosen.code, { detail: chosen.detail });
  return {
    user: chosen.user ?? settings.user ?? null,
    host: chosen.host,
    port: chosen.port ?? settings.port ?? null,
  };
}

/** What an address given by hand leaves open is as configured. */
function withDefaults(
  { destination, pid }: ReturnType<typeof readAddress>,
  { user, port }: SshSettings,
): ReturnType<typeof readAddress> {
  return {
    destination: {
      ...destination,
      user: destination.user ?? user ?? null,
      port: destination.port ?? port ?? null,
    },
    pid,
  };
}

function portIn(instance: string | undefined): number | null {
  const port = Number(/:(\d{1,5})(?:\/|$)/.exec(instance ?? '')?.[1] ?? 0);
  return port > 0 && port < 65536 ? port : null;
}

interface Looked {
  seen: HostSeen;
  /** Commands there, as another user through sudo. */
  as: (user: string | null) => Exec;
  signal: AbortSignal;
}

function processNamed(seen: HostSeen, pid: number, { host }: Login): HostJvm {
  const jvm = seen.jvms.find((each) => each.pid === pid);
  if (jvm === undefined)
    throw new Failure('target-not-found', { detail: `${host} has no JVM with the process id ${pid}` });
  return jvm;
}

/** The JVMs of the unit that the route's pattern fits; all without one. */
function candidates(
  { jvms: all }: HostSeen,
  { process }: TargetRequest,
  { host }: Login,
  unit: NamedUnit | null,
): HostJvm[] {
  const jvms = all.filter(({ groups }) => unit === null || isInUnit(groups, unit));
  if (unit !== null && jvms.length === 0)
    throw new Failure('target-not-found', {
      detail: `none of ${all.length} JVMs on ${host} is in ${unitWords(unit)}`,
    });
  const pattern = process === undefined ? null : RE2JS.compile(process);
  const fitting = jvms.filter(({ args }) => pattern === null || pattern.matcher(args.join(' ')).find());
  if (fitting.length === 0)
    throw new Failure('target-not-found', {
      detail:
        pattern === null
          ? `no JVM runs on ${host}`
          : `none of ${jvms.length} JVMs on ${host} matches ${process ?? ''}`,
    });
  return fitting;
}

/** By the port of the alert's instance, where the metrics came from; else the busiest. */
async function choose(
  jvms: readonly HostJvm[],
  { seen, as, port, signal, unit }: Looked & { port: number | null; unit: NamedUnit | null },
): Promise<Chosen> {
  const [only] = jvms;
  const among = `${jvms.length} JVMs${unit === null ? '' : ` of ${unitWords(unit)}`}`;
  if (only !== undefined && jvms.length === 1)
    return { jvm: only, choice: unit === null ? '' : `the JVM of ${unitWords(unit)}` };
  const listening = await listeningOn(port, jvms, { seen, as, signal });
  if (listening !== null)
    return {
      jvm: listening,
      choice: `of ${among} the one that listens on port ${port ?? ''} of the alert's instance`,
    };
  return busiest(jvms, among, () => look(as(null), null, signal), signal);
}

/** Whose descriptors only their own user may read is asked as that user. */
async function listeningOn(
  port: number | null,
  jvms: readonly HostJvm[],
  looked: Looked,
): Promise<HostJvm | null> {
  const found = jvms.find(({ listens }) => listens === 'yes');
  if (found !== undefined) return found;
  const hidden = jvms.filter(({ listens }) => listens === 'hidden');
  for (const jvm of hidden.filter(
    ({ uid }, index) => hidden.findIndex((each) => each.uid === uid) === index,
  )) {
    const theirs = await lookAs(sudoName(jvm), looked, jvm, 'other-user', port);
    const one = theirs.jvms.find(({ listens }) => listens === 'yes');
    const known = jvms.find(({ pid, startTicks }) => pid === one?.pid && startTicks === one.startTicks);
    if (known !== undefined) return known;
  }
  return null;
}

/** null: whoever has logged in. Throws other-user, exec-denied or target-kind-unsupported when sudo does not allow it. */
async function whoToActAs(jvm: HostJvm, looked: Looked): Promise<string | null> {
  const { seen } = looked;
  // Root becomes the JVM's user by itself, and enters another file system through /proc/PID/root.
  if (seen.uid === '0') return null;
  const isOther = jvm.uid !== seen.uid;
  // Only its own user may see where a process has its /tmp.
  const theirs = isOther && !jvm.contained ? await lookAs(sudoName(jvm), looked, jvm, 'other-user') : seen;
  const apart = theirs.jvms.some(({ pid, apart }) => pid === jvm.pid && apart);
  if (!jvm.contained && !apart) return isOther ? sudoName(jvm) : null;
  // Anyone else would have to leave the library behind: the JVM would have loaded it by a path of ours.
  await lookAs('root', looked, jvm, jvm.contained ? 'target-kind-unsupported' : 'exec-denied');
  return 'root';
}

async function lookAs(
  user: string,
  { seen, as, signal }: Looked,
  jvm: HostJvm,
  refusal: 'other-user' | 'exec-denied' | 'target-kind-unsupported',
  port: number | null = null,
): Promise<HostSeen> {
  try {
    return await look(as(user), port, signal);
  } catch (cause) {
    // What sudo says instead of running a command makes no sense as its answer.
    const refused = cause instanceof Failure && ['answer-malformed', 'no-shell'].includes(cause.code);
    if (!refused) throw cause;
    const why = {
      'other-user': `runs as ${user}`,
      'exec-denied': 'has a /tmp of its own (PrivateTmp), which only root can enter',
      'target-kind-unsupported': `is in ${containerWords(jvm)}, which only root can enter from outside; a docker target reaches it through its engine`,
    }[refusal];
    throw new Failure(refusal, {
      detail:
        `process ${jvm.pid} ${why}, and flamepin logs in as ${seen.user}; ` +
        `sudo would allow it with this line: ${seen.user} ALL=(${user}) NOPASSWD: /bin/sh`,
      cause,
    });
  }
}

/** `container 3f2a8c1d90be`; engines end or begin the name of a control group with the id. */
function containerWords({ groups }: HostJvm): string {
  const id = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:$|\/)/m.exec(groups.join('\n'))?.[1];
  return id === undefined ? 'a container' : `container ${id.slice(0, 12)}`;
}

const sudoName = ({ user, uid }: HostJvm): string => (user === '' ? `#${uid}` : user);

/** Has the JVM ended, or the host been rebooted? */
async function health(
  exec: Exec,
  { pid, startTicks, bootId }: Pick<z.infer<typeof dataSchema>, 'pid' | 'startTicks' | 'bootId'>,
  signal: AbortSignal,
): Promise<TargetHealth> {
  const seen = await look(exec, null, signal);
  if (seen.bootId !== bootId) return { alive: false, blocks: true, detail: 'the machine was rebooted' };
  const now = seen.jvms.find((jvm) => jvm.pid === pid);
  if (now?.startTicks === startTicks) return { alive: true };
  return {
    alive: false,
    blocks: true,
    detail: now === undefined ? `process ${pid} has ended` : `process ${pid} has been replaced by another`,
  };
}
