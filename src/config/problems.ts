import type { z } from 'zod';

/** One thing wrong with the configuration: where, what, and its remedy. */
export interface Problem {
  /** `routes[0].duration`; '' is the file as a whole. */
  path: string;
  what: string;
  remedy: string;
}

/** The configuration cannot be used; every problem at once. Commands end with exit code 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly exitCode = 2;
  readonly problems: readonly Problem[];

  constructor(origin: string, problems: readonly Problem[]) {
    const lines = problems.map(
      ({ path, what, remedy }) => `  ${path === '' ? '' : `${path}: `}${what}. ${remedy}`,
    );
    super(
      `${origin}: ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}\n${lines.join('\n')}`,
    );
    this.problems = problems;
  }
}

/** zod's issues → problems. `params.remedy` of a custom issue is its remedy. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue));
}

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = formatPath(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: formatPath([...issue.path, key]),
        what: 'unknown key',
        remedy: issue.message,
      }));
    case 'invalid_type':
      return issue.input === undefined
        ? [{ path, what: 'missing', remedy: `Write ${kinds[issue.expected] ?? issue.expected}.` }]
        : [
            {
              path,
              what: `this is ${describe(issue.input)}`,
              remedy: `Write ${kinds[issue.expected] ?? issue.expected}.`,
            },
          ];
    case 'invalid_value':
      return [
        {
          path,
          what: issue.input === undefined ? 'missing' : `this is ${describe(issue.input)}`,
          remedy: `Write one of: ${issue.values.map(String).join(', ')}.`,
        },
      ];
    case 'too_small':
      return [
        {
          path,
          what: 'too small',
          remedy: `The minimum is ${String(issue.minimum)}${unitOf(issue.origin)}.`,
        },
      ];
    case 'too_big':
      return [
        {
          path,
          what: 'too large',
          remedy: `The maximum is ${String(issue.maximum)}${unitOf(issue.origin)}.`,
        },
      ];
    case 'custom':
      return [
        {
          path,
          what: issue.message,
          remedy: typeof issue.params?.['remedy'] === 'string' ? issue.params['remedy'] : '',
        },
      ];
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, what: 'not a usable name', remedy: inner.message }));
    default:
      return [{ path, what: 'not valid', remedy: issue.message }];
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a string (quote it if YAML would read it as a number or a date)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section of keys',
  record: 'a section of keys',
};

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}

/** What the value is. Only short scalars are shown: a secret pasted into the wrong key must not be logged. */
function describe(input: unknown): string {
  if (input === null) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a section of keys';
  if (typeof input === 'string') return input.length <= 12 ? `the string "${input}"` : 'a longer string';
  return typeof input === 'number' || typeof input === 'boolean' ? String(input) : `a ${typeof input}`;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`,
    '',
  );
}
