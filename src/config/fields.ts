import { z } from 'zod';
import { MatcherSyntaxError } from '../routing/matcher-syntax.ts';
import { compileMatchers, compilePattern, type Matcher } from '../routing/matchers.ts';
import { formatDuration, parseDuration } from './durations.ts';

/** The kinds of value that occur in the configuration; each refuses what it cannot use and says how to write it. */

/** A section: unknown keys are refused, and one that is written but empty (`docker:`) is `{}`. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.preprocess(
    (value) => (value === null ? {} : value),
    z.strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `Known here: ${nearestFirst(known, issue.keys[0] ?? '').join(', ')}.`
          : undefined,
    }),
  );
}

/** A Prometheus duration in [least, most], both as milliseconds; the value is milliseconds. */
export function duration(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range =
    most === Number.MAX_SAFE_INTEGER
      ? `at least ${formatDuration(least)}`
      : `${formatDuration(least)} to ${formatDuration(most)}`;
  const remedy = `Write a duration as Prometheus does, such as 30s, 5m or 1h30m, ${range}.`;
  return z.unknown().transform((text, context) => {
    const milliseconds = typeof text === 'string' || text === 0 ? parseDuration(String(text)) : undefined;
    if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) return milliseconds;
    context.issues.push({
      code: 'custom',
      message:
        text === undefined ? 'missing' : milliseconds === undefined ? 'not a duration' : 'out of range',
      params: { remedy },
      input: text,
    });
    return z.NEVER;
  });
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Bytes: a whole number, or one with KiB, MiB or GiB. */
export function size(least: number, most: number) {
  return z.union([z.number(), z.string()]).transform((written, context) => {
    const [, count, unit] = /^(\d+)\s*([KMG]iB)?$/.exec(String(written)) ?? [];
    const bytes = Number(count) * (sizeUnits[unit ?? ''] ?? Number.NaN);
    if (bytes >= least && bytes <= most) return bytes;
    context.issues.push({
      code: 'custom',
      message: 'not a size in range',
      params: {
        remedy: `Write bytes, or a number with KiB, MiB or GiB, from ${least} to ${most} bytes: 64MiB.`,
      },
      input: written,
    });
    return z.NEVER;
  });
}

/** An http or https address without credentials, query or fragment; the value has no slash at its end. */
export const baseUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  )
    return url.href.replace(/\/+$/, '');
  context.issues.push({
    code: 'custom',
    message: 'not a usable URL',
    params: {
      remedy: 'Write http:// or https://, a host, and a path if there is one; secrets go in files.',
    },
    input: text,
  });
  return z.NEVER;
});

/** Matchers in Alertmanager's syntax, compiled. Every line may hold several. */
export const matchers = z.array(z.string()).transform((lines, context) => {
  const compiled: Matcher[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      compiled.push(...compileMatchers(line));
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      context.issues.push({
        code: 'custom',
        path: [index],
        message: `not a matcher: ${error.message} (at character ${error.position + 1})`,
        params: {
          remedy: `Write it as in Alertmanager, inside YAML's single quotes: 'alertname=~"High.*"'.`,
        },
        input: line,
      });
    }
  }
  return compiled;
});

/** An RE2 pattern that must fit the whole text; kept as text, for it is stored with the capture. */
export const pattern = z.string().superRefine((text, context) => {
  try {
    compilePattern(text);
  } catch (error) {
    if (!(error instanceof MatcherSyntaxError)) throw error;
    context.addIssue({
      code: 'custom',
      message: error.message,
      params: { remedy: 'RE2 has no look-around and no back-references.' },
    });
  }
});

/** Five fields of cron, or six with seconds first. What node-cron itself refuses is reported at startup. */
export const cron = z.string().superRefine((text, context) => {
  if (/^\s*(?:[\d*/,A-Za-z-]+\s+){4,5}[\d*/,A-Za-z#-]+\s*$/.test(text)) return;
  context.addIssue({
    code: 'custom',
    message: 'not a schedule',
    params: { remedy: 'Write minute, hour, day, month and weekday: "17 */6 * * *" is every six hours.' },
  });
});

/** A path in the file system, relative to the working directory of flamepin. */
export const path = z.string().min(1);

/** The known keys, the one that was probably meant first. */
function nearestFirst(known: readonly string[], written: string): string[] {
  const wanted = written.toLowerCase();
  const rank = (key: string) => (key.toLowerCase() === wanted ? -1 : distance(key.toLowerCase(), wanted));
  return known.toSorted((a, b) => rank(a) - rank(b));
}

/** Edits between two words (Levenshtein); words are short and bounded. */
function distance(a: string, b: string): number {
  const other = b.slice(0, 40);
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++)
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (character === other[j] ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
