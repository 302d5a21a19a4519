import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { neighboursOf, withNeighbours } from '../../../src/annotations/neighbours.ts';

const minutes = 60_000;
const mark = (id: number, from: number, to = from, panelId = 2) => ({
  id,
  panelId,
  time: from * minutes,
  timeEnd: to * minutes,
  tags: ['flamepin', `flamepin:c-${String(id).padStart(26, '0')}`, `alert:Alert${id}`],
});
const ids = (marks: { id: number }[]) => marks.map(({ id }) => id);
const url = 'https://flamepin.example.com';

describe('neighbours of a mark', () => {
  it('are those at the same pixels, nearest first', () => {
    const all = [mark(1, 0, 15), mark(2, 14, 29), mark(3, 2, 17), mark(4, 16, 31), mark(5, 15)];
    assert.deepEqual(ids(neighboursOf(mark(1, 0, 15), all)), [3, 2, 5]);
  });

  it('are on the same panel, or on all of them', () => {
    const all = [mark(1, 0, 15), mark(2, 0, 15, 3), mark(3, 0, 15, 0)];
    assert.deepEqual(ids(neighboursOf(mark(1, 0, 15), all)), [3]);
    assert.deepEqual(ids(neighboursOf(mark(3, 0, 15, 0), all)), [1, 2]);
  });

  it('are captures only', () => {
    assert.deepEqual(neighboursOf(mark(1, 0, 15), [{ ...mark(2, 0, 15), tags: ['flamepin', 'deploy'] }]), []);
  });
});

describe('the line about neighbours', () => {
  it('can be corrected repeatedly, and goes away with them', () => {
    const one = withNeighbours('<b>a</b>', [mark(1, 0)], url);
    assert.equal(
      one,
      `<b>a</b><br>Also profiled here at this time: <a href="${url}/captures/c-00000000000000000000000001" target="_blank">00:00 UTC Alert1</a>`,
    );
    assert.equal(withNeighbours(one, [mark(1, 0)], url), one);
    assert.equal(withNeighbours(one, [], url), '<b>a</b>');
  });

  it('names five and links to the rest', () => {
    const text = withNeighbours(
      '',
      Array.from({ length: 9 }, (_, i) => mark(i, i, i + 15)),
      `${url}/`,
    );
    assert.equal(text.match(/\/captures\/c-/g)?.length, 5);
    assert.match(
      text,
      /captures\?since[^"]*1970-01-01T00%3A00%3A00\.000Z[^"]*1970-01-01T00%3A23[^"]*" target="_blank">4 more/,
    );
  });

  it('shows tags as text', () => {
    const hostile = { ...mark(1, 0), tags: [...mark(1, 0).tags.slice(0, 2), 'alert:<b onclick=x>'] };
    for (const publicUrl of [url, null])
      assert.doesNotMatch(withNeighbours('', [hostile], publicUrl), /<b[ >]/);
  });
});
