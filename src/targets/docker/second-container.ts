import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Exec } from '../../profiler/exec.ts';
import { Failure } from '../../reasons/failure.ts';
import { execBeside } from '../exec-beside.ts';
import { inspectContainer, type Inspected } from './containers.ts';
import { dockerExec } from './docker-exec.ts';
import { messageOf, type Engine } from './engine.ts';

/** The second container beside a JVM whose own container has no shell. */
export interface SecondContainerSettings {
  /** Image with a shell and async-profiler in /opt/flamepin, which the engine has. */
  image: string;
}

/** One container of an engine, and the capture that it is opened for. */
interface Beside {
  engine: Engine;
  /** Id of the target. */
  target: string;
  /** undefined: not for a capture. */
  captureId: string | undefined;
}

interface SecondContainer {
  name: string;
  /** Whom commands run as there: the JVM's user and group, `1000:1000`. */
  user: string;
}

/** It ends by itself after this long, and the engine then removes it, whatever became of flamepin. Seconds. */
const lifetimeSeconds = 900;
/** Of ours in it; the JVM's memory is its own container's. Bytes. */
const memoryBytes = 128 * 1024 * 1024;
const mostProcesses = 64;
/** A user that owns nothing, until it is known who the JVM's is. */
const nobody = '65532:65532';
/** To look at the processes there; milliseconds. */
const lookMs = 10_000;
const targetLabel = 'flamepin.io/target';
const captureLabel = 'flamepin.io/capture';
const script = (name: string): string =>
  readFileSync(new URL(name, import.meta.url), 'utf8').replaceAll(/^#.*\n/gm, '');
const whoScript = script('who.sh');
const copiesScript = script('copies.sh');
/**
 * Every second container brings a library of its own, which the JVM loads and never unloads: 14 MB each (measured on JDK
 * 17). As many as a pod may have ephemeral containers.
 */
const mostCopies = 12;

const listedSchema = z.array(z.object({ Names: z.array(z.string()).min(1) }));

/** Runs commands in the target; from the first `no-shell` on, in a second container beside it. */
export function besideFromNoShell(beside: Beside, settings: SecondContainerSettings): Exec {
  const plain = dockerExec(beside.engine, beside.target);
  return inSecond(beside, plain, async (signal) => {
    const name = await start(beside, settings, signal);
    try {
      const user = await userOfJvm(beside.engine, name, signal);
      await refuseManyCopies(beside.engine, { name, user }, signal);
      return { name, user };
    } catch (error) {
      await remove(beside.engine, name).catch(() => undefined);
      throw error;
    }
  });
}

/** For what was started before, in the container named `place`; null: in the target, or where its capture's was. */
export function besideAgain(beside: Beside, place: string | null): Exec {
  const plain = place === null ? dockerExec(beside.engine, beside.target) : null;
  return inSecond(beside, plain, async (signal) => {
    const name = await earlier(beside, place, signal);
    return { name, user: await userOfJvm(beside.engine, name, signal) };
  });
}

function inSecond(
  { engine, target }: Beside,
  plain: Exec | null,
  find: (signal: AbortSignal) => Promise<SecondContainer>,
): Exec {
  return execBeside({
    plain,
    find,
    open: ({ name, user }) => dockerExec(engine, name, user),
    target: `container ${target.slice(0, 12)}`,
    what: 'second container',
    remove: ({ name }) => remove(engine, name),
  });
}

/** Creates and starts one; its name. */
async function start(
  { engine, target, captureId }: Beside,
  { image }: SecondContainerSettings,
  signal: AbortSignal,
): Promise<string> {
  const now = await running(engine, target, signal);
  const name = `flamepin-${target.slice(0, 12)}-${randomBytes(4).toString('hex')}`;
  const created = await engine.ask('POST', `/containers/create?name=${name}`, {
    body: {
      ...specification(target, now, image),
      Labels: { [targetLabel]: target, [captureLabel]: captureId ?? '' },
    },
    signal,
  });
  if (created.status !== 201) throw failed(created.status === 404 ? `no image ${image}` : messageOf(created));
  try {
    const started = await engine.ask('POST', `/containers/${name}/start`, { signal });
    if (started.status !== 204) throw failed(messageOf(started));
    return name;
  } catch (error) {
    // One that has not started is not removed by itself.
    await remove(engine, name).catch(() => undefined);
    throw error;
  }
}

/**
 * No more rights than the JVM, and none at all unless that is root: the kernel lets nobody look into a process that has
 * capabilities which he has not.
 */
function specification(
  target: string,
  { Config, HostConfig }: Inspected,
  image: string,
): Record<string, unknown> {
  const isRoot = /^(?:|root|0)(?::|$)/.test(Config.User);
  const { CapAdd, CapDrop, UsernsMode, Ulimits } = HostConfig;
  return {
    Image: image,
    Entrypoint: ['sleep', String(lifetimeSeconds)],
    Cmd: [],
    User: isRoot ? '0:0' : nobody,
    HostConfig: {
      ...(isRoot ? { CapAdd, CapDrop } : { CapDrop: ['ALL'] }),
      PidMode: `container:${target}`,
      UsernsMode,
      Ulimits: Ulimits?.map((each) => ({ ...each, Name: each.Name.replace('RLIMIT_', '').toLowerCase() })),
      NetworkMode: 'none',
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      // On disk: what the JVM writes to a tmpfs counts as its own memory.
      Mounts: [{ Type: 'volume', Target: '/tmp' }],
      Memory: memoryBytes,
      PidsLimit: mostProcesses,
      AutoRemove: true,
    },
  };
}

/** The one that was started before; adds none. */
async function earlier(
  { engine, target, captureId }: Beside,
  place: string | null,
  signal: AbortSignal,
): Promise<string> {
  await running(engine, target, signal);
  if (place !== null) {
    if ((await inspectContainer(engine, place, signal))?.State.Running === true) return place;
    throw new Failure('recording-missing', {
      detail: `the second container ${place}, which held it, has ended`,
    });
  }
  const label = [`${targetLabel}=${target}`, `${captureLabel}=${captureId ?? ''}`];
  const filters = encodeURIComponent(JSON.stringify({ label }));
  const answer = await engine.ask('GET', `/containers/json?filters=${filters}`, { signal });
  const [first] = listedSchema.safeParse(answer.body).data ?? [];
  if (first === undefined)
    throw new Failure('no-shell', { detail: 'and no second container runs beside it' });
  return first.Names[0]?.replace(/^\//, '') ?? '';
}

async function running(engine: Engine, target: string, signal: AbortSignal): Promise<Inspected> {
  const now = await inspectContainer(engine, target, signal);
  if (now?.State.Running === true) return now;
  throw new Failure('target-gone', { detail: `container ${target.slice(0, 12)} has ended` });
}

async function userOfJvm(engine: Engine, name: string, signal: AbortSignal): Promise<string> {
  const user = await answerOf(whoScript, engine, { name, user: nobody }, signal);
  if (!/^\d+:\d+$/.test(user)) throw failed('the user of the JVM is unknown');
  return user;
}

async function refuseManyCopies(engine: Engine, there: SecondContainer, signal: AbortSignal): Promise<void> {
  const copies = Number(await answerOf(copiesScript, engine, there, signal));
  if (copies >= mostCopies)
    throw failed(
      `the JVM holds ${copies} copies of the profiler's library, one of each second container before; ` +
        'a restart of its container frees them',
    );
}

async function answerOf(
  text: string,
  engine: Engine,
  { name, user }: SecondContainer,
  signal: AbortSignal,
): Promise<string> {
  const request = { argv: ['sh', '-c', text] as const, deadlineMs: lookMs, maxOutputBytes: 1_000, signal };
  return (await dockerExec(engine, name, user).run(request)).stdout.toString().trim();
}

async function remove(engine: Engine, name: string): Promise<void> {
  const { status, ...answer } = await engine.ask('DELETE', `/containers/${name}?force=true&v=true`);
  // 404, 409: it is gone, or is being removed.
  if (![204, 404, 409].includes(status))
    throw new Failure('exec-unavailable', { detail: `${name} stays: ${messageOf({ status, ...answer })}` });
}

const failed = (detail: string): Failure => new Failure('second-container-failed', { detail });
