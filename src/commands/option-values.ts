import { InvalidArgumentError } from 'commander';
import type { Labels } from '../alerts/present.ts';
import { addresses, addressForms, targetKinds } from '../captures/target-kinds.ts';
import { parseDuration } from '../config/durations.ts';
import type { Verdict } from '../coverage/judgement.ts';

/** Values of the command line → what the commands take. Each throws InvalidArgumentError with what to write instead. */

/** What `coverage --fail-on` takes: verdicts on rules that somebody can change. */
const failingVerdicts = ['no-route', 'no-target', 'elsewhere', 'unreadable'] as const satisfies Verdict[];

export function targetUri(text: string): string {
  const kind = targetKinds.find((each) => text.startsWith(`${each}://`));
  if (kind === undefined || !addresses[kind].pattern.test(text))
    throw new InvalidArgumentError(`Write ${kind === undefined ? addressForms : addresses[kind].form}.`);
  return text;
}

export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('Write its address: http://alertmanager:9093.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError(
      'Passwords do not belong on a command line: fetch /api/v2/alerts with curl, and pass the file.',
    );
  return `${url.origin}${url.pathname}`;
}

/** `--label namespace=shop --label pod=checkout-1`, as Alertmanager writes labels: the value may hold `=` and be quoted. */
export function label(text: string, before: Labels = {}): Labels {
  const [, name, written = ''] = /^\s*([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write NAME=VALUE, such as namespace=shop.');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`The label ${name} is given twice.`);
  return { ...before, [name]: written.replace(/^"(.*)"$/s, '$1') };
}

export function verdictsOf(text: string): string[] {
  const given = text.split(',');
  const known: readonly string[] = failingVerdicts;
  if (!given.every((verdict) => known.includes(verdict)))
    throw new InvalidArgumentError(`Write one or several of ${failingVerdicts.join(', ')}.`);
  return given;
}

/** `30s` → 30; by hand 1 s to 60 s, whole seconds. */
export function seconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000 || ms > 60_000 || ms % 1000 !== 0)
    throw new InvalidArgumentError('Write whole seconds between 1s and 60s.');
  return ms / 1000;
}
