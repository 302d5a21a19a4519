import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fittedName } from '../../../src/flamegraph/fitted-name.ts';
import { invertTree } from '../../../src/flamegraph/invert-tree.ts';
import { methodsOf } from '../../../src/flamegraph/methods.ts';
import { readAddress, writeAddress, type Defaults } from '../../../src/flamegraph/page/address.ts';
import { profileTree } from '../../../src/flamegraph/profile-tree.ts';
import { readingOf } from '../../../src/flamegraph/reading.ts';
import { rowsLeftOut, type Selection } from '../../../src/flamegraph/selection.ts';
import { profileOf } from '../../given/profile.ts';

const profile = profileOf([
  { stack: 'a/A.one;a/B.two;a/A.one;a/C.three', count: 5, thread: 'worker-1' },
  { stack: 'a/A.one;a/B.two', count: 3, thread: 'worker-2' },
  { stack: 'a/D.four', count: 2, thread: 'main' },
]);
const reading = readingOf(profile, ['a']);
const everything: Selection = { removed: [], focus: '', thread: '', slots: null };
const whole = { foldFramework: false, threads: false };

describe('methods of a tree', () => {
  it('count recursion once in the total, and every end in self', () => {
    const tree = profileTree(reading, 'cpu', whole);
    const told = methodsOf(tree).map(({ frame, total, self }) => [tree.frames[frame]!.name, total, self]);
    assert.deepEqual(
      new Set(told.map(String)),
      new Set(['a.A.one,8,0', 'a.B.two,8,3', 'a.C.three,5,5', 'a.D.four,2,2']),
    );
  });
});

describe('a tree inside out', () => {
  it('has all samples, by what runs itself, and below it the callers', () => {
    const tree = invertTree(profileTree(reading, 'cpu', whole));
    assert.equal(tree.total[0], 10);
    const paths: string[] = [];
    for (let node = 1; node < tree.size; node += 1)
      paths.push(
        `${tree.depth[node]} ${tree.frames[tree.frame[node]!]!.name} ${tree.total[node]} ${tree.samples[node]}`,
      );
    assert.deepEqual(paths.toSorted(), [
      '1 a.B.two 3 3',
      '1 a.C.three 5 5',
      '1 a.D.four 2 2',
      '2 a.A.one 3 3',
      '2 a.A.one 5 5',
      '3 a.B.two 5 5',
      '4 a.A.one 5 5',
    ]);
  });
});

describe('merged recursion', () => {
  it('puts what a recursive method calls below its outermost box, and loses no sample', () => {
    const tree = profileTree(reading, 'cpu', { ...whole, mergeRecursion: true });
    const at = (name: string): number[] =>
      [...tree.frame.keys()].filter((node) => tree.frames[tree.frame[node]!]!.name === name);
    assert.equal(tree.total[0], 10);
    assert.equal(at('a.A.one').length, 1);
    assert.equal(tree.parent[at('a.C.three')[0]!], at('a.A.one')[0]);
  });
});

describe('a selection of samples', () => {
  const samplesOf = (change: Partial<Selection>): number => {
    const leftOut = rowsLeftOut(reading, 'cpu', { ...everything, ...change });
    return profileTree(reading, 'cpu', { ...whole, leftOut }).total[0]!;
  };

  it('leaves out stacks with a removed method, and keeps those through the one in focus', () => {
    assert.equal(rowsLeftOut(reading, 'cpu', everything), null);
    assert.equal(samplesOf({ removed: ['a.C.three'] }), 5);
    assert.equal(samplesOf({ removed: ['a.A.one', 'a.D.four'] }), 0);
    assert.equal(samplesOf({ focus: 'a.B.two' }), 8);
    assert.equal(samplesOf({ focus: 'a.B.two', removed: ['a.C.three'] }), 3);
    assert.equal(samplesOf({ focus: 'no such method' }), 0);
  });

  it('is of one group of threads', () => {
    assert.equal(samplesOf({ thread: 'worker-*' }), 8);
    assert.equal(samplesOf({ thread: 'main' }), 2);
  });

  it('is of a part of the window', () => {
    assert.equal(samplesOf({ slots: [0, 1] }), 10);
    assert.equal(samplesOf({ slots: [1, 60] }), 0);
  });
});

describe('a name in little room', () => {
  it('keeps what is called, and then its beginning', () => {
    for (const [room, text] of [
      [30, 'HikariPool.getConnection'],
      [15, '…getConnection'],
      [16, '…l.getConnection'],
      [14, '…getConnection'],
      [13, 'getConnectio…'],
      [5, 'getC…'],
    ] as const)
      assert.equal(fittedName('HikariPool.getConnection', room), text);
    assert.equal(fittedName('GangWorker::loop', 8), '…r::loop');
    assert.equal(fittedName('entry_SYSCALL_64', 8), 'entry_S…');
  });
});

describe('the address of a state', () => {
  const defaults: Defaults = { event: 'wall', events: ['cpu', 'wall'], difference: false };

  it('holds all of it, and reads back the same', () => {
    const shown = {
      ...readAddress('', defaults),
      event: 'cpu',
      zoom: 'ab12',
      search: '/get.*&#=/',
      match: 3,
      fold: false,
      merge: true,
      view: 'table',
      sort: 'self',
      difference: true,
      colour: 'package',
      removed: ['a.B&c=d', 'e.F#g'],
      focus: 'x.Y.z',
      thread: 'exec-*',
      slots: [4, 12],
    } as const;
    assert.deepEqual(readAddress(writeAddress(shown, defaults), defaults), shown);
  });

  it('takes nothing that it cannot mean', () => {
    const asked = '#event=x&zoom=zz&match=-1&view=pie&sort=up&colour=red&time=9-3&fold=maybe';
    assert.deepEqual(readAddress(asked, defaults), readAddress('', defaults));
    const many = Array.from({ length: 500 }, (_, name) => `remove=${name}`).join('&');
    assert.equal(readAddress(`#${many}`, defaults).removed.length, 20);
  });
});
