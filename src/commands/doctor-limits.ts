import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  inMebibytes,
  memoryLimit,
  neededLimit,
  readingBytes,
  recordingMemory,
} from '../captures/analysis/recording-memory.ts';
import type { Configuration } from '../config/load.ts';
import type { CheckResult } from '../captures/target.ts';
import { ledgerDirectory } from '../serve/open-ledger.ts';
import { storeTraits } from '../serve/open-store.ts';

/** The memory that flamepin may use and the space on its disks, against what `limits` allows at once. */
export function lookAtLimits(
  { limits, ledger, storage }: Pick<Configuration, 'limits' | 'ledger' | 'storage'>,
  memory = memoryLimit(),
): CheckResult[] {
  const largest = limits.total * limits.maxRecordingBytes;
  const places = [
    { what: 'ledger', directory: ledgerDirectory(ledger) },
    { what: 'store', directory: storeTraits(storage).directory },
  ];
  return [
    lookAtMemory(limits, memory),
    ...places.flatMap(({ what, directory }) =>
      directory === null ? [] : [roomIn(what, directory, largest)],
    ),
  ];
}

/** Whatever is recorded at once waits for memory; the largest recording must fit at all. */
function lookAtMemory(
  { total, perNode, maxRecordingBytes }: Configuration['limits'],
  memory: number,
): CheckResult {
  const { reading } = recordingMemory(maxRecordingBytes, memory);
  const needed = readingBytes(maxRecordingBytes);
  const fits = needed <= reading.total;
  const atOnce = Math.floor(reading.total / needed);
  const reads = fits
    ? `are read ${atOnce} at a time, more if smaller`
    : `cannot be read: that takes ${inMebibytes(needed)}, and ${inMebibytes(reading.total)} is available`;
  return {
    what: 'limits (memory)',
    ok: fits,
    detail: `${total} windows at once, ${perNode} per node; with ${inMebibytes(memory)} of memory, recordings of ${inMebibytes(maxRecordingBytes)} ${reads}`,
    remedy: fits
      ? ''
      : `Give flamepin ${inMebibytes(neededLimit(maxRecordingBytes))} of memory (resources.limits.memory in the chart), or lower limits.maxRecordingBytes.`,
  };
}

function roomIn(what: string, directory: string, needed: number): CheckResult {
  const { bavail, bsize } = statfsSync(existing(directory));
  const enough = bavail * bsize > needed;
  return {
    what: `limits (${what} disk)`,
    ok: enough,
    detail: `${inMebibytes(bavail * bsize)} free`,
    remedy: enough ? '' : `Free ${inMebibytes(needed)}, or keep less (retention, limits).`,
  };
}

/** Before the first start the directory does not exist yet. */
function existing(directory: string): string {
  return existsSync(directory) || dirname(directory) === directory ? directory : existing(dirname(directory));
}
