import { readFileSync } from 'node:fs';

/**
 * A fixed shell text with positional parameters. Text and patterns are all that an admission policy needs to pin
 * what may run in a target: `sh -c TEXT flamepin PARAMETERS…`, each parameter matching its pattern.
 */
export interface Script {
  text: string;
  /** One anchored pattern for each parameter, in order; RE2 syntax, so that a CEL expression can use it as it is. */
  parameters: readonly string[];
}

/** A file of src/profiler/sh. */
const place = (name: string): URL => new URL(`sh/${name}`, import.meta.url);
const read = (file: URL): string => readFileSync(file, 'utf8');

/**
 * A script with each of its parts, which lie in src/profiler/sh, in place of the line that names it (`. ./lib/say.sh`): a
 * target has none of these files, and an admission policy pins one text for each command. Without comments, which are a
 * third of it: an exec carries the text in its URL, and proxies before an API server bound that.
 */
export const scriptText = (file: URL): string =>
  read(file)
    .replaceAll(/^\. \.\/(.+)\n/gm, (_, part: string) => read(place(part)))
    .replaceAll(/^ *(#(?!!| shellcheck).*)?\n/gm, '');

const joined = (name: string): string => scriptText(place(name));

const captureId = '^c-[0-9a-z]{26}$';
const pid = '^[0-9]{1,10}$';
const ticks = '^[0-9]{1,20}$';

export const listScript: Script = { text: joined('list.sh'), parameters: [] };

export const startScript: Script = {
  text: joined('start.sh'),
  parameters: [
    captureId,
    '^([1-9]|[1-5][0-9]|60)$',
    '^(any|[0-9]{1,10}(,[0-9]{1,10}){0,31})$',
    '^linux-(x64|arm64)$',
    '^[0-9]{1,8}$',
    '^[0-9a-f]{64}$',
  ],
};

export const collectScript: Script = {
  text: joined('collect.sh'),
  parameters: [
    captureId,
    pid,
    ticks,
    '^[0-9a-f-]{36}$',
    '^/(tmp|var/tmp|dev/shm)$',
    '^[0-9]{1,12}$',
    '^[0-9]{1,3}$',
  ],
};

export const cleanUpScript: Script = {
  text: joined('clean-up.sh'),
  parameters: [captureId, pid, ticks, '^(stop|leave|end)$'],
};

/** The command that runs a script; throws a TypeError for a parameter that an admission policy would refuse. */
export function commandOf(script: Script, ...values: string[]): [string, ...string[]] {
  if (values.length !== script.parameters.length) {
    throw new TypeError(`${values.length} parameters, ${script.parameters.length} expected`);
  }
  script.parameters.forEach((pattern, index) => {
    const value = values[index] ?? '';
    if (!new RegExp(pattern).test(value))
      throw new TypeError(`parameter ${index + 1} (${value}) does not match ${pattern}`);
  });
  return ['sh', '-c', script.text, 'flamepin', ...values];
}
