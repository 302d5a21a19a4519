import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readingOf } from '../../../src/flamegraph/reading.ts';
import { collapsed } from '../../../src/profile/collapsed.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { profileSchema } from '../../../src/profile/profile.ts';
import { CollapsedReader } from '../../../src/profile/reading/read-collapsed.ts';
import { Failure } from '../../../src/reasons/failure.ts';

/** Reads a text in pieces of so many bytes, from one buffer that is filled anew each time, as a file is read. */
function read(text: string, pieceBytes = 1 << 20, leastShare = 0): Profile {
  const reader = new CollapsedReader();
  const bytes = Buffer.from(text);
  const buffer = Buffer.alloc(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.push(buffer.subarray(0, bytes.copy(buffer, 0, at, at + pieceBytes)));
  return reader.profile('cpu', leastShare);
}

/** What a picture calls a frame. */
function flamegraphLabel(profile: Profile, name: string): string | undefined {
  return readingOf(profile, []).named.frames.find((frame) => frame.name === name)?.label;
}

const sortedLines = (text: string): string[] => text.split('\n').filter(Boolean).sort();

const shop = `java/lang/Thread.run_[j];com/acme/Shop.serve_[j];com/acme/Shop.price_[i] 12
java/lang/Thread.run_[j];com/acme/Shop.serve_[j] 3
java/lang/Thread.run_[j];com/acme/Shop.serve_[j];com/acme/Shop.price_[i];com/acme/Rules.scan_[1] 7
java/lang/Thread.run_[j];com/acme/Shop.serve_[j];write;vfs_write_[k] 2
start_thread;G1Service::run(Thread *) 5
`;

describe('folded stacks are read', () => {
  it('and written back unchanged, however the file is split', () => {
    for (const pieceBytes of [1, 7, 64, 1 << 20])
      assert.deepEqual(sortedLines(collapsed(read(shop, pieceBytes), 'cpu')), sortedLines(shop));
  });

  it('as an ordinary profile', () => {
    const profile = read(shop);
    assert.deepEqual(profileSchema.parse(profile), profile);
    assert.deepEqual(profile.warnings, []);
  });

  it('with Windows line ends, blanks in names, empty lines and no newline at the end', () => {
    const profile = read('main;operator new (unsigned long) 2\r\n\r\nmain 1');
    assert.deepEqual(sortedLines(collapsed(profile, 'cpu')), [
      'main 1',
      'main;operator new (unsigned long) 2',
    ]);
  });

  it('and other lines are counted and skipped', () => {
    const profile = read('a;b 1\nno count\na;b x\n 7\na;b 99999999999999999999\n');
    assert.equal(collapsed(profile, 'cpu'), 'a;b 1\n');
    assert.deepEqual(profile.warnings, ['4 lines are left out: they are not folded stacks.']);
  });

  it('with fractions and exponents, tabs, and blanks around them', () => {
    const text = 'a;b 1.5\na;c 2.25\nmain 1\nmain;x\t4\nmain;y   2e3  \na;b 0.1\na;b 0.2\n';
    for (const pieceBytes of [1, 5, 1 << 20])
      assert.deepEqual(sortedLines(collapsed(read(text, pieceBytes), 'cpu')), [
        'a;b 1.8',
        'a;c 2.25',
        'main 1',
        'main;x 4',
        'main;y 2000',
      ]);
  });

  it("with Go's names unchanged, whatever else is in the file", () => {
    const go = [
      'main.main;net/http.(*conn).serve 2',
      'runtime.goexit;regexp/syntax.(*parser).maybeConcat 5',
      'runtime.goexit;encoding/json.Marshal;main.load.func1 3',
    ];
    const profile = read(`${go.join('\n')}\ncom/acme/Shop.price 1\n`);
    assert.deepEqual(sortedLines(collapsed(profile, 'cpu')), [...go, 'com/acme/Shop.price_[j] 1'].sort());
    assert.equal(flamegraphLabel(profile, 'encoding/json.Marshal'), 'encoding/json.Marshal');
  });

  it('unless they are differences: two counts on each line', () => {
    for (const text of ['a;b 10 15\na;c 3 0\n', 'a;b\t10\t15\n'])
      assert.throws(
        () => read(text),
        (error) => error instanceof Failure && /two counts, as the difference/.test(error.detail),
      );
    assert.equal(collapsed(read('a;worker 7 5\na;c 3\n'), 'cpu'), 'a;worker 7 5\na;c 3\n');
  });

  it('when one frame calls a thousand others', () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `root;child${index} ${index + 1}\n`);
    const text = [...lines, ...lines.toReversed()].join('');
    const twice = Array.from({ length: 1000 }, (_, index) => `root;child${index} ${2 * (index + 1)}\n`);
    assert.deepEqual(sortedLines(collapsed(read(text), 'cpu')), sortedLines(twice.join('')));
  });

  it('and small stacks count for their callers in a picture', () => {
    const profile = read('a 90\na;b 9\na;b;c 1\n', 64, 0.05);
    assert.equal(collapsed(profile, 'cpu'), 'a 90\na;b 10\n');
  });

  it('but other files are refused', () => {
    for (const text of ['{"version":1}\n', '<svg/>', '\n\n'])
      assert.throws(
        () => read(text),
        (error) => error instanceof Failure && error.code === 'recording-damaged',
      );
  });

  it('within a bound for one line', () => {
    assert.throws(
      () => read(`${'x'.repeat(3 << 20)} 1\n`),
      (error) => error instanceof Failure && error.code === 'recording-damaged',
    );
  });
});
