import { closeSync, openSync, readSync } from 'node:fs';
import { parseRuleFile } from '../coverage/rule-file.ts';
import { maxRules, noRules, type Rules } from '../coverage/rules.ts';
import { Failure } from '../reasons/failure.ts';

/** A thousand rules have about 1 MiB; bytes. */
const largestFile = 32 * 1024 * 1024;

/** `-` is stdin. Throws a Failure: file-unreadable, rule-file-malformed. */
export function readRuleFiles(paths: readonly string[]): Rules {
  const all = noRules();
  for (const path of new Set(paths)) {
    const { alerting, recording } = parseRuleFile(path === '-' ? 'stdin' : path, boundedText(path));
    all.alerting = all.alerting.concat(alerting);
    all.recording = all.recording.concat(recording);
    if (all.alerting.length + all.recording.length > maxRules)
      throw new Failure('rule-file-malformed', { detail: `${path}: more than ${maxRules} rules in all` });
  }
  return all;
}

/** Never more than the limit is read, whatever the path leads to. */
function boundedText(path: string): string {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    const file = path === '-' ? 0 : openSync(path, 'r');
    try {
      for (;;) {
        const piece = Buffer.allocUnsafe(64 * 1024);
        const read = readSync(file, piece);
        if (read === 0) break;
        bytes += read;
        if (bytes > largestFile) break;
        pieces.push(piece.subarray(0, read));
      }
    } finally {
      if (path !== '-') closeSync(file);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Failure('file-unreadable', { detail: `${path}${code}`, cause: error });
  }
  if (bytes > largestFile)
    throw new Failure('rule-file-malformed', {
      detail: `${path}: larger than ${largestFile / 1024 ** 2} MiB`,
    });
  return Buffer.concat(pieces).toString('utf8');
}
