import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../../src/reasons/failure.ts';
import { collapsed } from '../../../src/profile/collapsed.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';
import { overlappingCheckpoints } from '../../given/hostile-recordings.ts';
import { type JfrWriter, writeChunk } from '../../given/jfr-writer.ts';
import { classes, poolCount, pools, sample, shopChunk, type, wallSamples } from '../../given/shop-chunk.ts';

const damaged = (error: unknown) => error instanceof Failure && error.code === 'recording-damaged';

for (const compressed of [true, false]) {
  describe(`A recording with ${compressed ? 'compressed' : 'uncompressed'} numbers`, () => {
    it('gives its stacks, however strings are encoded, and skips unknown fields', () => {
      const profile = readProfile(
        shopChunk(compressed, (writer) => [100, 200, 1_900_000_000].forEach((at) => sample(writer, at))),
      );
      assert.equal(collapsed(profile, 'cpu'), 'acme/Shop.main_[0];acme/Shop.prix€_[j] 3\n');
      assert.deepEqual(profile.threads, ['wörker']);
      assert.deepEqual(profile.events.cpu?.samples.slot, [0, 3]);
      assert.deepEqual(profile.events.cpu?.samples.count, [2, 1]);
      assert.deepEqual(profile.stacks.line, [0, 12, 5000]);
      assert.equal(profile.durationSeconds, 2);
      assert.equal(profile.startedAt, 1_700_000_000_000);
      assert.equal(profile.partial, false);
    });

    it('spreads the samples of a waiting thread over its wait', () => {
      const profile = readProfile(
        shopChunk(compressed, (writer) => {
          wallSamples(writer, 0, 40, 1_950_000_000);
          wallSamples(writer, 1_960_000_000, 1, 0);
        }),
      );
      assert.deepEqual(profile.events.wall?.samples.slot, [0, 1, 2, 3]);
      assert.deepEqual(profile.events.wall?.samples.count, [10, 10, 10, 11]);
      assert.deepEqual(profile.events.wall?.samples.state, [2, 2, 2, 2]);
      assert.equal(collapsed(profile, 'wall'), 'acme/Shop.main_[0];acme/Shop.prix€_[j] 41\n');
    });

    it('adds up over its chunks', () => {
      const chunk = shopChunk(compressed, (writer) => sample(writer, 5));
      const profile = readProfile(Buffer.concat([chunk, chunk, chunk]));
      assert.equal(collapsed(profile, 'cpu'), 'acme/Shop.main_[0];acme/Shop.prix€_[j] 3\n');
      assert.deepEqual(profile.threads, ['wörker']);
    });

    it('reads each chunk by its own description of the events', () => {
      const chunk = shopChunk(compressed, (writer) => sample(writer, 5));
      const plain = writeChunk({
        compressed,
        classes: classes.map((described) =>
          described.id === type.execution
            ? { ...described, fields: described.fields!.filter(({ name }) => !name.endsWith('New')) }
            : described,
        ),
        events: (writer) =>
          writer.event(type.execution, (event) =>
            event.integer(5, 8).integer(1, 8).integer(1, 8).integer(0, 8),
          ),
        pools: { count: poolCount, write: pools },
      });
      const profile = readProfile(Buffer.concat([chunk, plain, chunk, chunk, plain]));
      assert.equal(collapsed(profile, 'cpu'), 'acme/Shop.main_[0];acme/Shop.prix€_[j] 5\n');
    });

    it('shows the complete chunks when the last is truncated, and says so', () => {
      const chunk = shopChunk(compressed, (writer) => sample(writer, 5));
      for (const bytes of [1, 40, 68, 200, chunk.length - 150, chunk.length - 1]) {
        const profile = readProfile(Buffer.concat([chunk, chunk.subarray(0, bytes)]));
        assert.equal(profile.partial, true, `${bytes} bytes of the second chunk`);
        assert.match(profile.warnings.join(), /cut off/);
        assert.match(collapsed(profile, 'cpu'), /prix€_\[j\] [12]\n/);
      }
    });

    it('follows checkpoints in the middle of a chunk', () => {
      let early = 0;
      const recording = writeChunk({
        compressed,
        classes,
        delta: -1,
        events: (writer) => {
          early = writer.length;
          writer.event(1, (event) => {
            event.integer(0, 8).integer(0, 8).integer(0, 8).raw(1).integer(poolCount, 4);
            pools(event);
          });
          sample(writer, 7);
        },
        pools: { count: 0, write: () => undefined },
      });
      const last = Number(recording.readBigInt64BE(16));
      const real = writeChunk({
        compressed,
        classes,
        delta: early + 68 - last,
        events: (writer) => {
          writer.event(1, (event) => {
            event.integer(0, 8).integer(0, 8).integer(0, 8).raw(1).integer(poolCount, 4);
            pools(event);
          });
          sample(writer, 7);
        },
        pools: { count: 0, write: () => undefined },
      });
      assert.match(collapsed(readProfile(real), 'cpu'), /prix€_\[j\] 1\n/);
    });

    const lies: Record<string, (writer: JfrWriter) => void> = {
      'a pool of two thousand million constants': (writer) =>
        writer.integer(type.symbol, 8).integer(2_000_000_000, 4),
      'a string of two thousand million bytes': (writer) =>
        writer.integer(type.symbol, 8).integer(1, 4).integer(1, 8).raw(3).integer(2_000_000_000, 4),
      'a stack of two thousand million frames': (writer) =>
        writer.integer(type.stack, 8).integer(1, 4).integer(1, 8).raw(0).integer(2_000_000_000, 4),
      'a negative count': (writer) => writer.integer(type.symbol, 8).integer(-5, 4),
      'constants of a class that the schema lacks': (writer) => writer.integer(999, 8).integer(1, 4),
      'a string in an unknown encoding': (writer) =>
        writer.integer(type.symbol, 8).integer(1, 4).integer(1, 8).raw(77),
    };
    for (const [what, write] of Object.entries(lies)) {
      it(`is refused as damaged for ${what}`, () => {
        assert.throws(
          () =>
            readProfile(
              writeChunk({ compressed, classes, events: () => undefined, pools: { count: 1, write } }),
            ),
          damaged,
        );
      });
    }

    it('is refused as damaged for checkpoints in a circle', () => {
      const recording = writeChunk({
        compressed,
        classes,
        delta: 1,
        events: () => undefined,
        pools: { count: 0, write: () => undefined },
      });
      assert.throws(() => readProfile(recording), damaged);
    });

    it('is refused as damaged for a class that contains itself, or arrays of nothing', () => {
      const field = { name: 'self', type: 50 };
      for (const hostile of [
        [{ id: 50, name: 'app.Self', fields: [field] }],
        [
          { id: 50, name: 'app.Empty' },
          { id: 51, name: 'app.Many', fields: [{ ...field, array: true }] },
        ],
      ]) {
        const recording = writeChunk({
          compressed,
          classes: [...classes, ...hostile],
          events: () => undefined,
          pools: {
            count: 1,
            write: (writer) =>
              writer.integer(hostile.at(-1)!.id, 8).integer(1, 4).integer(1, 8).integer(1_000_000_000, 4),
          },
        });
        assert.throws(() => readProfile(recording), damaged);
      }
    });
  });
}

describe('Checkpoints that each cover all that follow', () => {
  it('are refused as damaged, and not read ten thousand times', () => {
    assert.throws(() => readProfile(overlappingCheckpoints()), damaged);
  });
});

describe('Bytes that are not a recording', () => {
  for (const [what, bytes] of Object.entries({
    'nothing at all': Buffer.alloc(0),
    'three bytes': Buffer.from('FLR'),
    'a web page': Buffer.from('<!doctype html>'.padEnd(200, ' ')),
    zeros: Buffer.alloc(10_000),
    'a header alone': shopChunk(true, () => undefined).subarray(0, 68),
  })) {
    it(`are refused as damaged: ${what}`, () => {
      assert.throws(() => readProfile(bytes), damaged);
    });
  }
});
