import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MatcherSyntaxError, parseMatcherLine } from '../../../src/routing/matcher-syntax.ts';
import { allMatch, compileMatchers } from '../../../src/routing/matchers.ts';

const read = (line: string) =>
  parseMatcherLine(line).map(({ name, operator, value }) => [name, operator, value]);
const matches = (line: string, labels: Record<string, string>) => allMatch(compileMatchers(line), labels);

describe('a matcher copied from Alertmanager', () => {
  for (const [line, ...expected] of [
    ['a="b"', ['a', '=', 'b']],
    ['a=b', ['a', '=', 'b']],
    [' a  !=  "b" ', ['a', '!=', 'b']],
    ['a=~"x|y"', ['a', '=~', 'x|y']],
    ['a!~x.*', ['a', '!~', 'x.*']],
    ['a=""', ['a', '=', '']],
    ['a=', ['a', '=', '']],
    ['{a="b",c=~"d"}', ['a', '=', 'b'], ['c', '=~', 'd']],
    ['{ a = b , c = d , }', ['a', '=', 'b'], ['c', '=', 'd']],
    ['a="b",c!="d"', ['a', '=', 'b'], ['c', '!=', 'd']],
    ['{}'],
    ['a="x,y={z}"', ['a', '=', 'x,y={z}']],
    ['a="say \\"hi\\""', ['a', '=', 'say "hi"']],
    ['a="line\\nline"', ['a', '=', 'line\nline']],
    // Valid for the UTF-8 parser only.
    ['"service.name"="shop"', ['service.name', '=', 'shop']],
    ['"größe"=~"\\u00fc.*"', ['größe', '=~', 'ü.*']],
    ['größe=groß', ['größe', '=', 'groß']],
    // Valid for the classic parser only: an escape that Go does not know stays as it is.
    ['a=~"\\d+\\.\\d+"', ['a', '=~', '\\d+\\.\\d+']],
    ['a=two words', ['a', '=', 'two words']],
    // Valid for both with two meanings: the classic one wins.
    ['a="\\t"', ['a', '=', '\\t']],
  ] as const)
    it(`${line} means what it means there`, () => {
      assert.deepEqual(read(line), expected);
    });

  for (const line of [
    '',
    'a',
    '=b',
    'a=="b',
    'a="b',
    '{a="b"',
    'a="b"}x',
    'a=~x{2}',
    'a="b" c="d"',
    'a="b""c"',
    ',',
    '"a',
    '{a="b",,}',
  ])
    it(`${JSON.stringify(line)} is refused, with the place`, () => {
      assert.throws(
        () => read(line),
        (error) => error instanceof MatcherSyntaxError && error.position >= 0,
      );
    });

  it('reports nothing worse than a syntax error on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab{}=!~,"\\ nxu0\'`\n') }), (line) => {
        try {
          read(line);
        } catch (error) {
          assert.ok(error instanceof MatcherSyntaxError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps any quoted name and value', () => {
    const quote = (text: string) =>
      `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('=', '!=', '=~', '!~'),
        (name, value, operator) => {
          assert.deepEqual(read(`${quote(name)}${operator}${quote(value)}`), [[name, operator, value]]);
        },
      ),
    );
  });
});

describe('what matches', () => {
  it('a missing label counts as empty', () => {
    assert.ok(matches('team=""', {}));
    assert.ok(matches('team!="a"', {}));
    assert.ok(matches('team=~".*"', {}));
    assert.ok(!matches('team=~".+"', {}));
    assert.ok(!matches('constructor!=""', {}), 'nothing is inherited');
  });

  it('a regular expression must match the whole value, alternatives included', () => {
    assert.ok(!matches('a=~"b"', { a: 'abc' }));
    assert.ok(!matches('a=~"b|c"', { a: 'bc' }));
    assert.ok(matches('a=~"b|bc"', { a: 'bc' }));
    assert.ok(matches('a!~"b"', { a: 'abc' }));
    assert.ok(matches('a=~"(?i)ABC"', { a: 'abc' }));
  });

  it('a dot does not match a newline, as in Alertmanager', () => {
    assert.ok(!matches('a=~".*x.*"', { a: 'x\n' }));
    assert.ok(matches('a=~"(?s).*x.*"', { a: 'x\n' }));
  });

  it('positive and negative operators are opposites for any label', () => {
    const value = fc.string({ unit: fc.constantFrom(...'ab.\n ü') });
    fc.assert(
      fc.property(value, fc.constantFrom('a.*', 'a|b', '[^a]', '.', ''), (text, regex) => {
        assert.notEqual(matches(`x=~"${regex}"`, { x: text }), matches(`x!~"${regex}"`, { x: text }));
        const literal = compileMatchers(`x=${JSON.stringify('ab')}`);
        assert.equal(allMatch(literal, { x: text }), text === 'ab');
      }),
    );
  });

  it('agrees with an anchored JavaScript expression where both accept the pattern', () => {
    const patterns = ['a*b', '(a|b)+', 'a.b', '[ab]{1,3}', 'a?b?', '(?:ab)*a'];
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '\n') }),
        fc.constantFrom(...patterns),
        (text, regex) => {
          assert.equal(matches(`x=~"${regex}"`, { x: text }), new RegExp(`^(?:${regex})$`).test(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses what RE2 refuses: look-around, back-references, explosions', () => {
    for (const regex of ['(?=a)', '(a)\\\\1', '(', '[', '((a{999}){999}){999}'])
      assert.throws(() => compileMatchers(`a=~"${regex}"`), MatcherSyntaxError, regex);
  });

  it('answers on values and patterns that stall a backtracking engine', () => {
    // With a JavaScript RegExp each of these takes longer than the universe is old.
    const value = `${'a'.repeat(4096)}!`;
    for (const regex of ['(a+)+', '(a|a)*', '(a|aa)+', '(.*a){12}', '([a-zA-Z]+)*'])
      assert.equal(matches(`x=~"${regex}"`, { x: value }), false, regex);
  });
});
