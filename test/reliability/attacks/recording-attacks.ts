import assert from 'node:assert/strict';
import { neededLimit } from '../../../src/captures/analysis/recording-memory.ts';
import { sha256Of } from '../../../src/profiler/payload.ts';
import { success } from '../../cluster/fake-apiserver.ts';
import {
  deepStack,
  endlessWindow,
  frameOfOneByte,
  largeRecording,
  longArguments,
  longName,
  manyChunks,
  manyNames,
  manyRows,
  manyStacks,
  metadataStrings,
  metadataTree,
  overlappingCheckpoints,
  tinyEvents,
  zipBomb,
} from '../../given/hostile-recordings.ts';
import type { Attack } from './attack.ts';
import { beside, type Lie } from './lying-target.ts';

const frameBytes = 256 * 1024;
/** Of eight large ones, as many are read at once as the memory has room for: under this limit, one. */
const endsWithinMs = 300_000;
const maxRecordingBytes = 64 * 2 ** 20;
/** What doctor asks for, MiB. */
const limitMiB = Math.ceil(neededLimit(maxRecordingBytes) / 2 ** 20);

/**
 * Hands over another recording than the JVM's, of the size and hash that it says, as an honest pod does: first its size
 * alone, then its bytes to whoever has room for them.
 */
function instead(recordings: readonly Buffer[]): Lie {
  return async (step, side, truth) => {
    const recording = recordings[Number(side.asked.pod.replace('lying-', ''))];
    if (step !== 'collect' || recording === undefined) return false;
    const most = Number(side.asked.command[4 + 5]);
    const output = await truth();
    const head = output
      .subarray(0, output.indexOf('\n\n'))
      .toString('latin1')
      .replace(/^size=.*$/m, `size=${recording.length}`)
      .replace(/^sha256=.*$/m, `sha256=${sha256Of(recording)}`);
    side.stdout(`${head}\n\n`);
    for (let at = 0; recording.length <= most && at < recording.length; at += frameBytes)
      side.stdout(recording.subarray(at, at + frameBytes));
    side.status(success);
    return true;
  };
}

const bound = `ends in 5 min and is kept with its reason, no process is ended by the kernel under ${limitMiB} MiB, each notification acknowledged in 10 s, the next capture is done`;

interface Given {
  make: () => Buffer;
  /** Whether it can be masked; what cannot is never stored. */
  kept: boolean;
  /** Whether it can be read. */
  done?: true;
}

function attack(name: string, given: readonly Given[]): Attack {
  return {
    name,
    bound,
    run: () =>
      beside({
        endsWithinMs,
        memoryMiB: limitMiB,
        limitMiB,
        pods: given.length,
        lie: instead(given.map(({ make }) => make())),
        ended: ({ state, reason, artifacts }, pod) => {
          const { kept, done } = given[Number(pod.replace('lying-', ''))] ?? { kept: true };
          const names = artifacts.map((artifact) => artifact.name);
          if (done) assert.equal(state, 'done', JSON.stringify(reason));
          else
            assert.deepEqual(
              [state, reason?.code, names],
              ['failed', 'recording-damaged', kept ? ['recording.jfr'] : []],
            );
        },
      }),
  };
}

const kept = (make: () => Buffer): Given => ({ make, kept: true });
const refused = (make: () => Buffer): Given => ({ make, kept: false });
const read = (make: () => Buffer): Given => ({ make, kept: true, done: true });

/** Recordings made to exhaust whoever reads them. */
export const recordingAttacks: readonly Attack[] = [
  attack('recordings with objects too large for any heap, at once', [
    kept(() => longName('chars')),
    kept(() => longName('utf8')),
    kept(frameOfOneByte),
    kept(manyNames),
    kept(deepStack),
  ]),
  attack('recordings with millions of small things, at once', [
    kept(manyRows),
    kept(manyStacks),
    kept(manyChunks),
    kept(overlappingCheckpoints),
    read(endlessWindow),
    read(longArguments),
  ]),
  attack('recordings with descriptions out of proportion, at once', [
    refused(tinyEvents),
    refused(metadataStrings),
    refused(metadataTree),
    refused(zipBomb),
  ]),
  attack(
    'eight valid recordings of 59 MB at once',
    Array.from({ length: 8 }, () => read(() => largeRecording(59_000_000))),
  ),
];
