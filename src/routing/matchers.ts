import { RE2JS } from 're2js';
import type { Labels } from '../alerts/present.ts';
import { MatcherSyntaxError, parseMatcherLine, type MatcherOperator } from './matcher-syntax.ts';

/** One compiled matcher. A label that is not there counts as the empty string, as in Alertmanager. */
export interface Matcher {
  name: string;
  operator: MatcherOperator;
  value: string;
  /** As it is shown: `alertname=~".*Latency.*"`. */
  text: string;
  matches: (labels: Labels) => boolean;
}

/**
 * One line in Alertmanager's syntax → compiled matchers. Regular expressions are RE2 and anchored at both ends; RE2
 * runs in linear time, so a hostile label value cannot stall the process as it could with a JavaScript RegExp.
 * As in Alertmanager, `.` does not match a newline. Throws MatcherSyntaxError.
 */
export function compileMatchers(line: string): Matcher[] {
  return parseMatcherLine(line).map(({ name, operator, value }) => {
    const test = compileTest(operator, value);
    return {
      name,
      operator,
      value,
      text: `${/^[\w:]+$/.test(name) ? name : JSON.stringify(name)}${operator}${JSON.stringify(value)}`,
      matches: (labels) => test(Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''),
    };
  });
}

/** All of them must match; none at all match every alert. */
export function allMatch(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels));
}

/** A test that the whole value fits the RE2 `pattern`. Throws MatcherSyntaxError when it is not one. */
export function compilePattern(pattern: string): (value: string) => boolean {
  try {
    const compiled = RE2JS.compile(pattern);
    return (value) => compiled.matches(value);
  } catch (error) {
    throw new MatcherSyntaxError(
      `not an RE2 regular expression: ${error instanceof Error ? error.message : String(error)}`,
      0,
    );
  }
}

function compileTest(operator: MatcherOperator, expected: string): (value: string) => boolean {
  switch (operator) {
    case '=':
      return (value) => value === expected;
    case '!=':
      return (value) => value !== expected;
    case '=~':
      return compilePattern(expected);
    case '!~': {
      const matches = compilePattern(expected);
      return (value) => !matches(value);
    }
  }
}
