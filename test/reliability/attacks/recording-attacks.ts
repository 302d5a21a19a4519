import { sha256Of } from '../../../src/profiler/payload.ts';
import { success } from '../../cluster/fake-apiserver.ts';
import type { Attack } from './attack.ts';
import { deepStack, hugePool, largeRecording, zipBomb } from './hostile-recordings.ts';
import { beside, type Lie, type LyingTarget } from './lying-target.ts';

const frameBytes = 256 * 1024;
/** Eight of them are read one after the other, by two threads. */
const endsWithinMs = 300_000;
/** The chart allows 1 GiB; flamepin at rest takes some 120 MiB of it. */
const chartRoomMiB = 900;

/** Hands over another recording than the JVM's, of the size and hash that it says. */
function instead(recording: Buffer): Lie {
  return async (step, side, truth) => {
    if (step !== 'collect') return false;
    const output = await truth();
    const head = output
      .subarray(0, output.indexOf('\n\n'))
      .toString('latin1')
      .replace(/^size=.*$/m, `size=${recording.length}`)
      .replace(/^sha256=.*$/m, `sha256=${sha256Of(recording)}`);
    side.stdout(`${head}\n\n`);
    for (let at = 0; at < recording.length; at += frameBytes)
      side.stdout(recording.subarray(at, at + frameBytes));
    side.status(success);
    return true;
  };
}

const large = 59_000_000;
const bound = `ends in 5 min, +${chartRoomMiB} MiB at most, each notification acknowledged in 10 s, the next capture is done`;

function attack(name: string, recording: () => Buffer, more: Pick<LyingTarget, 'pods'> = {}): Attack {
  return {
    name,
    bound,
    run: () => beside({ endsWithinMs, memoryMiB: chartRoomMiB, lie: instead(recording()), ...more }),
  };
}

/** Recordings made to exhaust whoever reads them. */
export const recordingAttacks: readonly Attack[] = [
  attack('a recording of 13 MB that unpacks to 12.5 GiB', zipBomb),
  attack('a recording with two million names', hugePool),
  attack('a recording with a stack of a million frames', deepStack),
  attack('eight valid recordings of 59 MB at once', () => largeRecording(large), { pods: 8 }),
];
