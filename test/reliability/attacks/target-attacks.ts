import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { success, type ServerSide } from '../../cluster/fake-apiserver.ts';
import type { Attack } from './attack.ts';
import { beside, type Lie, type Step } from './lying-target.ts';

const minute = 60_000;
/** What a capture may take that ends at its first answer, on a busy machine. */
const soonMs = 90_000;
/** A start is given up after 65 s, cleaning up after 20 s. */
const startGivenUpMs = 2 * minute;
/** Waiting for the end of a window is given up after 130 s, cleaning up after 20 s; a further try may be under way. */
const collectGivenUpMs = 6 * minute;
const floodMs = 20_000;
/** Of a flood, what is written at once, bytes. */
const burstBytes = 256 * 1024;

/** Sends the same frame until the other side has had enough, or for 20 s; then the connection breaks. */
async function flood({ socket, wire }: ServerSide, channel: 1 | 2, content: Buffer): Promise<void> {
  const frame = frameOf(channel, content);
  const burst = Buffer.concat(Array.from({ length: Math.ceil(burstBytes / frame.length) }, () => frame));
  const end = AbortSignal.timeout(floodMs);
  while (socket.readyState === socket.OPEN && !end.aborted)
    if (!wire.write(burst)) await once(wire, 'drain', { signal: end }).catch(() => undefined);
  socket.terminate();
}

/** A binary frame of a server, whole: channel, then content. */
function frameOf(channel: 1 | 2, content: Buffer): Buffer {
  const length = content.length + 1;
  const head = length < 126 ? Buffer.of(0x82, length) : Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0);
  if (length >= 126) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.of(channel), content]);
}

/** Lies at the first command of that step, and is honest from then on. */
function firstTime(at: Step, tell: (side: ServerSide, truth: () => Promise<Buffer>) => Promise<void>): Lie {
  let told = false;
  return async (step, side, truth) => {
    if (step !== at || told) return false;
    told = true;
    await tell(side, truth);
    return true;
  };
}

/** Changes what the target says at each command of that step. */
function changed(at: Step, change: (output: string) => string): Lie {
  return async (step, side, truth) => {
    if (step !== at) return false;
    side.stdout(Buffer.from(change((await truth()).toString('latin1')), 'latin1'));
    side.status(success);
    return true;
  };
}

/** Never answers that step; the connection stays. */
function silent(at: Step, before: (side: ServerSide) => Promise<void> = () => Promise.resolve()): Lie {
  return async (step, side) => {
    if (step !== at) return false;
    await before(side);
    return true;
  };
}

const asks = async (side: ServerSide): Promise<void> => {
  side.stdout('asks=stdin\n');
  await side.stdin();
};
const block = Buffer.alloc(64 * 1024, 'x');
const digits = '9'.repeat(400);

function attack(name: string, bound: string, target: Parameters<typeof beside>[0], waits?: true): Attack {
  return { name, bound, ...(waits && { waits }), run: () => beside(target) };
}
const quick = { endsWithinMs: soonMs, memoryMiB: 300 };
const flooded =
  'ends in 90 s, +300 MiB at most, each notification acknowledged in 10 s, the next capture is done';
const lied = 'ends in 90 s, /captures and /readyz answer 200, the next capture is done';

/** What a pod can do to flamepin through the commands that it is asked to run. */
export const targetAttacks: readonly Attack[] = [
  attack('a start that answers without end', flooded, {
    ...quick,
    lie: firstTime('start', (side) => flood(side, 1, block)),
  }),
  attack('a recording without end', flooded, {
    ...quick,
    lie: firstTime('collect', (side) => flood(side, 1, block)),
  }),
  attack('a recording in frames of one byte', flooded, {
    ...quick,
    lie: firstTime('collect', (side) => flood(side, 1, Buffer.from('x'))),
  }),
  attack('errors in frames of one byte', flooded, {
    ...quick,
    lie: firstTime('start', (side) => flood(side, 2, Buffer.from('x'))),
  }),
  attack('pid=5.5', lied, {
    ...quick,
    lie: changed('start', (output) => output.replace(/^pid=\d+$/m, 'pid=5.5')),
  }),
  attack('a cpu.stat of 400 digits', lied, {
    ...quick,
    lie: changed('start', (output) =>
      output.replace(
        '\n',
        `\ncpu.usage_usec=${digits}\ncpu.nr_periods=${digits}\ncpu.throttled_usec=${digits}\n`,
      ),
    ),
  }),
  attack('a cpu.stat of 400 digits at the end', lied, {
    ...quick,
    lie: changed('collect', (output) => `cpu.usage_usec=${digits}\ncpu.nr_throttled=${digits}\n${output}`),
  }),
  attack('a clock in the year 318857', lied, {
    ...quick,
    lie: changed('start', (output) => output.replace(/^clock=.*$/m, 'clock=99999999999')),
  }),
  attack(
    'a recording of another size than it says',
    'ends in 6 min, the next capture is done',
    {
      endsWithinMs: collectGivenUpMs,
      memoryMiB: 300,
      lie: changed('collect', (output) => output.replace(/^size=\d+$/m, 'size=1000000')),
    },
    true,
  ),
  attack(
    'a recording with another hash than it says',
    'ends in 6 min, the next capture is done',
    {
      endsWithinMs: collectGivenUpMs,
      memoryMiB: 300,
      lie: changed('collect', (output) => output.replace(/^sha256=\w+$/m, `sha256=${'0'.repeat(64)}`)),
    },
    true,
  ),
  attack(
    'silence before stdin is asked for',
    'ends in 2 min, other pods are not held up',
    { endsWithinMs: startGivenUpMs, memoryMiB: 150, lie: silent('start') },
    true,
  ),
  attack(
    'silence once stdin was sent',
    'ends in 2 min, other pods are not held up',
    { endsWithinMs: startGivenUpMs, memoryMiB: 150, lie: silent('start', asks) },
    true,
  ),
  attack(
    'silence instead of the recording',
    'ends in 6 min, other pods are not held up',
    { endsWithinMs: collectGivenUpMs, memoryMiB: 150, lie: silent('collect') },
    true,
  ),
  attack(
    'silence while cleaning up',
    'ends in 2 min, other pods are not held up',
    { endsWithinMs: startGivenUpMs, memoryMiB: 150, lie: silent('clean up') },
    true,
  ),
  attack('an answer byte by byte', 'ends in 2 min, and the recording is read', {
    endsWithinMs: startGivenUpMs,
    memoryMiB: 150,
    lie: async (step, side, truth) => {
      if (step !== 'start') return false;
      for (const byte of await truth()) {
        side.stdout(Buffer.of(byte));
        if (byte === 10) await sleep(1);
      }
      side.status(success);
      return true;
    },
  }),
];
