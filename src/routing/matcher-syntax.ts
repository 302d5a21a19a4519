/**
 * Alertmanager's matcher syntax, both generations of it, so that a matcher can be copied between the two
 * configurations unchanged. Alertmanager reads a line with its UTF-8 parser first and with the classic one when
 * that fails; where both succeed and disagree (`a="\t"`: a tab, or a backslash and a t) the classic one wins
 * (its release notes of 0.27 and `matcher/compat`). Here the same.
 */

export type MatcherOperator = '=' | '!=' | '=~' | '!~';

export interface ParsedMatcher {
  name: string;
  operator: MatcherOperator;
  value: string;
}

/** What is wrong with a matcher, and where: `position` counts UTF-16 units from the start of the text. */
export class MatcherSyntaxError extends Error {
  override readonly name = 'MatcherSyntaxError';
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/**
 * One line of `matchers` → its matchers: `a="b"`, `a=b`, `"any name"=~"x|y"`, or a list of them parted by commas, with
 * or without braces. `{}` is the empty list. Throws MatcherSyntaxError.
 */
export function parseMatcherLine(line: string): ParsedMatcher[] {
  const modern = attempt(() => new ModernParser(line).parse());
  const classic = attempt(() => parseClassic(line));
  if (modern.ok && classic.ok) return same(modern.value, classic.value) ? modern.value : classic.value;
  if (modern.ok) return modern.value;
  if (classic.ok) return classic.value;
  // A line that only the classic syntax could mean is better explained by its fault.
  throw classic.error.position > modern.error.position ? classic.error : modern.error;
}

type Attempt = { ok: true; value: ParsedMatcher[] } | { ok: false; error: MatcherSyntaxError };

function attempt(parse: () => ParsedMatcher[]): Attempt {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    if (error instanceof MatcherSyntaxError) return { ok: false, error };
    throw error;
  }
}

function same(a: readonly ParsedMatcher[], b: readonly ParsedMatcher[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => one.name === b[i]?.name && one.operator === b[i].operator && one.value === b[i].value)
  );
}

const unquotedText = /[^\s{}!=~,\\"'`]+/uy;
const blank = /\s*/uy;
const operatorText = /=~|!~|!=|=/y;

/** The UTF-8 syntax: any name and value, quoted when they hold white space or one of `{}!=~,\"'` and the backquote. */
class ModernParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedMatcher[] {
    const matchers: ParsedMatcher[] = [];
    const braced = this.#take('{');
    while (!this.#ends(braced)) {
      if (matchers.length > 0) {
        if (!this.#take(',')) throw this.#fault('a comma is missing between two matchers');
        if (this.#ends(braced)) break;
      }
      matchers.push(this.#matcher());
    }
    if (braced && !this.#take('}')) throw this.#fault('the closing brace is missing');
    this.#blank();
    if (this.#at < this.#text.length) throw this.#fault('nothing may follow here');
    if (!braced && matchers.length === 0) throw this.#fault('a matcher is missing; `{}` matches every alert');
    return matchers;
  }

  #matcher(): ParsedMatcher {
    const name = this.#word('a label name');
    if (name === '') throw this.#fault('a label name may not be empty');
    this.#blank();
    const operator = this.#match(operatorText);
    if (operator === undefined) throw this.#fault('one of = != =~ !~ is missing after the label name');
    return { name, operator: operator as MatcherOperator, value: this.#word('a value') };
  }

  #word(what: string): string {
    this.#blank();
    if (this.#text[this.#at] === '"') return this.#quoted();
    const word = this.#match(unquotedText);
    if (word === undefined)
      throw this.#fault(`${what} is missing; quote it when it holds special characters`);
    return word;
  }

  #quoted(): string {
    const start = this.#at;
    let end = start + 1;
    while (this.#text[end] !== '"') {
      if (end >= this.#text.length) throw new MatcherSyntaxError('the closing quote is missing', start);
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#at = end + 1;
    return unescape(this.#text.slice(start + 1, end), start + 1);
  }

  #ends(braced: boolean): boolean {
    this.#blank();
    return this.#at >= this.#text.length || (braced && this.#text[this.#at] === '}');
  }

  #take(character: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #blank(): void {
    this.#match(blank);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fault(message: string): MatcherSyntaxError {
    return new MatcherSyntaxError(message, this.#at);
  }
}

const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};
const numericEscape = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y;

/** Escapes of Go's double-quoted strings. \x and octal ones are bytes, so the result is built as UTF-8. */
function unescape(text: string, offset: number): string {
  if (text.includes('\n')) throw new MatcherSyntaxError('a quoted value may not hold a bare newline', offset);
  if (!text.includes('\\')) return text;
  const parts: Buffer[] = [];
  let at = 0;
  while (at < text.length) {
    const slash = text.indexOf('\\', at);
    const plainEnd = slash === -1 ? text.length : slash;
    parts.push(Buffer.from(text.slice(at, plainEnd)));
    if (slash === -1) break;
    const simple = escapes[text.charAt(slash + 1)];
    if (simple !== undefined) {
      parts.push(Buffer.of(simple));
      at = slash + 2;
      continue;
    }
    numericEscape.lastIndex = slash + 1;
    const numeric = numericEscape.exec(text);
    const [whole, byte, short, long, octal] = numeric ?? [];
    if (whole === undefined) throw new MatcherSyntaxError('unknown escape', offset + slash);
    const point = short ?? long;
    if (point !== undefined) {
      const code = Number.parseInt(point, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        throw new MatcherSyntaxError('no such character', offset + slash);
      parts.push(Buffer.from(String.fromCodePoint(code)));
    } else {
      parts.push(Buffer.of(byte === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(byte, 16)));
    }
    at = slash + 1 + whole.length;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    throw new MatcherSyntaxError('the value is not UTF-8', offset);
  }
}

const classicMatcher = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([^]*)$/;

/** The syntax before 0.27: ASCII names; values may stand without quotes and hold anything but quotes and commas. */
function parseClassic(line: string): ParsedMatcher[] {
  let text = line.trim();
  const braced = text.startsWith('{');
  // Alertmanager cuts a brace off either end by itself, so that `a=~x{2}` means `x{2` there and matches nothing
  // (seen with 0.25). What cannot be meant is refused here.
  if (braced !== text.endsWith('}'))
    throw new MatcherSyntaxError(
      braced ? 'the closing brace is missing' : 'quote a value that ends with a brace',
      braced ? 0 : text.length - 1,
    );
  if (braced) text = text.slice(1, -1);
  const parts = splitOutsideQuotes(text);
  if (parts.at(-1)?.trim() === '') parts.pop();
  if (parts.length === 0 && !braced) throw new MatcherSyntaxError('a matcher is missing', 0);
  return parts.map(parseClassicMatcher);
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === ',' && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function parseClassicMatcher(text: string): ParsedMatcher {
  const [, name, operator, raw] = classicMatcher.exec(text) ?? [];
  if (name === undefined || operator === undefined || raw === undefined)
    throw new MatcherSyntaxError('not a matcher', 0);
  let rest = raw.trimEnd();
  const quoted = rest.startsWith('"');
  if (quoted) rest = rest.slice(1);
  let value = '';
  let closed = false;
  for (let at = 0; at < rest.length; at++) {
    const character = rest.charAt(at);
    if (character === '\\' && at + 1 < rest.length) {
      at += 1;
      const next = rest.charAt(at);
      value += next === 'n' ? '\n' : next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (character === '"') {
      if (!quoted || at !== rest.length - 1) throw new MatcherSyntaxError('a quote must be escaped', 0);
      closed = true;
    } else value += character;
  }
  if (quoted && !closed) throw new MatcherSyntaxError('the closing quote is missing', 0);
  return { name, operator: operator as MatcherOperator, value };
}
