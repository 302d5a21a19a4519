import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { classes, poolCount, pools, sample, type } from '../../given/shop-chunk.ts';
import { writeChunk } from '../../given/jfr-writer.ts';

/** Recordings that are small to send and large to read. */

const MiB = 2 ** 20;

/** 12.5 GiB of zeros in 13 MB: two hundred gzip streams, one after the other, as a gzip file may be made. */
export function zipBomb(): Buffer {
  const member = gzipSync(Buffer.alloc(64 * MiB));
  return Buffer.concat(Array.from({ length: 200 }, () => member));
}

/** A pool with two million names. */
export function hugePool(): Buffer {
  const names = 2_000_000;
  return writeChunk({
    compressed: true,
    classes,
    events: (writer) => {
      sample(writer, 1);
    },
    pools: {
      count: poolCount + 1,
      write: (writer) => {
        pools(writer);
        writer.integer(type.symbol, 8).integer(names, 4);
        for (let name = 0; name < names; name++) writer.integer(100 + name, 8).text(name.toString(36));
      },
    },
  });
}

/** One stack of a million frames, sampled a hundred times. */
export function deepStack(): Buffer {
  const frames = 1_000_000;
  return writeChunk({
    compressed: true,
    classes,
    events: (writer) => {
      for (let tick = 0; tick < 100; tick++) sample(writer, tick);
    },
    pools: {
      count: poolCount + 1,
      write: (writer) => {
        pools(writer);
        // Number 1 once more: what stands last in a pool counts.
        writer.integer(type.stack, 8).integer(1, 4).integer(1, 8).raw(0).integer(frames, 4);
        for (let frame = 0; frame < frames; frame++)
          writer
            .integer(1 + (frame % 2), 8)
            .integer(1, 4)
            .integer(1, 4);
      },
    },
  });
}

/** A valid recording of so many bytes: that of a shop, its chunks over and over. */
export function largeRecording(bytes: number): Buffer {
  const file = new URL('../../fixtures/recordings/shop-regression.jfr.gz', import.meta.url);
  const once = gunzipSync(readFileSync(file));
  return Buffer.concat(Array.from({ length: Math.floor(bytes / once.length) }, () => once));
}
