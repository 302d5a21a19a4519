import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Configuration } from '../config/load.ts';
import type { CheckResult } from '../targets/target.ts';

const mebibyte = 1024 ** 2;

/** Memory that flamepin may use and the room on its disks, against what `limits` allows at once. */
export function lookAtLimits(
  { limits, ledger, storage }: Pick<Configuration, 'limits' | 'ledger' | 'storage'>,
  /** Of the control group; 0 or huge: there is none. */
  memory = process.constrainedMemory(),
): CheckResult[] {
  const largest = limits.total * limits.recordingBytes;
  const windows = `${limits.total} at once, ${limits.perNode} per node`;
  const bounded = memory > 0 && memory < 2 ** 50;
  const fits = !bounded || largest < memory;
  const places = [
    ...(ledger.kind === 'sqlite' ? [['ledger', dirname(ledger.path)] as const] : []),
    ...(storage.kind === 'filesystem' ? [['store', storage.directory] as const] : []),
  ];
  return [
    {
      what: 'limits (memory)',
      ok: fits,
      detail: `${windows}: recordings of at most ${inMebibytes(largest)}, of ${bounded ? inMebibytes(memory) : 'unlimited memory'}`,
      mend: fits ? '' : 'Lower limits.total or limits.recordingBytes, or give flamepin more memory.',
    },
    ...places.map(([what, directory]) => roomIn(what, directory, largest)),
  ];
}

function roomIn(what: string, directory: string, needed: number): CheckResult {
  const { bavail, bsize } = statfsSync(existing(directory));
  const enough = bavail * bsize > needed;
  return {
    what: `limits (disk of the ${what})`,
    ok: enough,
    detail: `${inMebibytes(bavail * bsize)} free`,
    mend: enough ? '' : `Make room for ${inMebibytes(needed)}, or keep less (retention, limits).`,
  };
}

/** Before the first start the directory is not there yet. */
function existing(directory: string): string {
  return existsSync(directory) || dirname(directory) === directory ? directory : existing(dirname(directory));
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
