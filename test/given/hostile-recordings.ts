import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { classes, poolCount, pools, sample, shopChunk, type } from './shop-chunk.ts';
import { JfrWriter, writeChunk, type WrittenChunk } from './jfr-writer.ts';

/**
 * Recordings that say their true size, below the maximum, and are made to exhaust whoever reads them. Each is some 59 MB,
 * the most that the default configuration fetches, where that makes it worse.
 */

const large = 59_000_000;

interface Extra {
  classes?: WrittenChunk['classes'];
  events?: (writer: JfrWriter) => void;
  /** One more pool. */
  pool?: (writer: JfrWriter) => void;
  delta?: number;
}

/** The recording of a small shop, and something in addition. */
function shopWith({ classes: own = classes, events, pool, delta = 0 }: Extra): Buffer {
  return writeChunk({
    compressed: true,
    classes: own,
    delta,
    events: (writer) => {
      sample(writer, 1);
      events?.(writer);
    },
    pools: {
      count: poolCount + (pool === undefined ? 0 : 1),
      write: (writer) => {
        pools(writer);
        pool?.(writer);
      },
    },
  });
}

/** 12.5 GiB of zeros in 13 MB: two hundred gzip streams, one after the other, as a gzip file may be made. */
export function zipBomb(): Buffer {
  const member = gzipSync(Buffer.alloc(64 * 2 ** 20));
  return Buffer.concat(Array.from({ length: 200 }, () => member));
}

/** Two million names in a pool. */
export function manyNames(): Buffer {
  const names = 2_000_000;
  return shopWith({
    pool: (writer) => {
      writer.integer(type.symbol, 8).integer(names, 4);
      for (let name = 0; name < names; name++) writer.integer(100 + name, 8).text(name.toString(36));
    },
  });
}

/** A name that is as long as the recording. */
export function longName(encoding: 'latin1' | 'utf8' | 'chars'): Buffer {
  const code = { utf8: 3, chars: 4, latin1: 5 }[encoding];
  const [letter, letters] = encoding === 'utf8' ? [Buffer.from('é'), large / 2] : [Buffer.from('x'), large];
  return shopWith({
    pool: (writer) => {
      writer.integer(type.symbol, 8).integer(1, 4).integer(1, 8);
      writer.raw(code).integer(letters * (encoding === 'chars' ? 1 : letter.length), 4);
      writer.repeat(letter, letters);
    },
  });
}

/** One stack of so many frames, sampled a hundred times. */
export function deepStack(frames = 1_000_000): Buffer {
  return shopWith({
    events: (writer) => {
      for (let tick = 0; tick < 100; tick++) sample(writer, tick);
    },
    pool: (writer) => {
      // Number 1 once more: what stands last in a pool counts.
      writer.integer(type.stack, 8).integer(1, 4).integer(1, 8).raw(0).integer(frames, 4);
      writer.repeat(Buffer.of(1, 1, 1, 2, 1, 1), frames / 2);
    },
  });
}

/** One stack whose frames take a byte each, because they hold nothing but a line. */
export function frameOfOneByte(): Buffer {
  const narrow = classes.map((described) =>
    described.id === type.frame ? { ...described, fields: [{ name: 'type', type: type.int }] } : described,
  );
  return writeChunk({
    compressed: true,
    classes: narrow,
    events: (writer) => sample(writer, 1),
    pools: {
      count: 1,
      write: (writer) => {
        writer.integer(type.stack, 8).integer(1, 4).integer(1, 8).raw(0).integer(large, 4);
        writer.repeat(Buffer.of(1), large);
      },
    },
  });
}

/** Ten thousand checkpoints, each of which covers those after it and megabytes behind them. */
export function overlappingCheckpoints(): Buffer {
  const checkpoints = 10_000;
  const blob = 31;
  const four = (value: number): number[] => [
    (value & 0x7f) | 0x80,
    ((value >> 7) & 0x7f) | 0x80,
    ((value >> 14) & 0x7f) | 0x80,
    value >> 21,
  ];
  const head = 4 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 4;
  const body = new JfrWriter(true);
  for (let at = 0; at < checkpoints; at++) {
    const rest = large - (at + 1) * head;
    // Size, type, time, duration, distance to the next one, why; one pool of one constant, an array.
    body.raw(...four(rest + head), 1, 0, 0, at + 1 < checkpoints ? head : 0, 0, 1, blob, 1, 1, ...four(rest));
  }
  body.repeat(Buffer.of(0), large - checkpoints * head);
  const recording = shopWith({
    classes: [
      ...classes,
      { id: 8, name: 'byte' },
      { id: blob, name: 'app.Blob', fields: [{ name: 'bytes', type: 8, array: true }] },
    ],
    events: (writer) => writer.repeat(body.buffer(), 1),
  });
  // The header names the first of them.
  const first = recording.indexOf(body.buffer().subarray(0, head));
  recording.writeBigInt64BE(BigInt(first), 16);
  return recording;
}

/** Millions of samples, each with another thread, so that none can be added to another. */
export function manyRows(): Buffer {
  const one = new JfrWriter(true);
  sample(one, 1);
  const template = one.buffer();
  const rows = Math.floor(large / (template.length + 6));
  return shopWith({
    events: (writer) => {
      for (let row = 0; row < rows; row++)
        writer.event(type.execution, (event) => {
          event.integer(row, 8).integer(0, 4).raw(0).integer(0, 4);
          event.integer(row, 8).integer(1, 8).integer(0, 8);
        });
    },
  });
}

/** As many whole chunks as there is room for. */
export function manyChunks(): Buffer {
  const chunk = writeChunk({
    compressed: true,
    classes: [{ id: type.long, name: 'long' }],
    events: () => undefined,
    pools: { count: 0, write: () => undefined },
  });
  const headers = Math.floor(large / chunk.length);
  return Buffer.concat([
    shopChunk(true, (writer) => sample(writer, 1)),
    Buffer.alloc(headers * chunk.length, chunk),
  ]);
}

/** Events of three bytes that nobody reads. */
export function tinyEvents(): Buffer {
  return shopWith({ events: (writer) => writer.repeat(Buffer.of(3, 77, 0), large / 3) });
}

/** JVM arguments as long as the recording, every word of which is kept. */
export function longArguments(): Buffer {
  return shopWith({
    events: (writer) => {
      const words = 8_000_000;
      writer.event(type.jvm, (event) => {
        event
          .integer(1, 8)
          .raw(5)
          .integer(words * 6, 4)
          .repeat(Buffer.from('-Xint '), words)
          .raw(0);
      });
    },
  });
}

/** Metadata of nothing but empty elements. */
export function metadataTree(): Buffer {
  const writer = new JfrWriter(true);
  writer.event(0, (inner) => {
    inner.integer(0, 8).integer(0, 8).integer(1, 8).integer(2, 4).text('root').text('metadata');
    const children = Math.floor(large / 3);
    inner.integer(0, 4).integer(0, 4).integer(1, 4).integer(1, 4).integer(0, 4).integer(children, 4);
    inner.repeat(Buffer.of(1, 0, 0), children);
  });
  return headed(writer.buffer());
}

/** Metadata of nothing but strings. */
export function metadataStrings(): Buffer {
  const writer = new JfrWriter(true);
  writer.event(0, (inner) => {
    inner.integer(0, 8).integer(0, 8).integer(1, 8).integer(large, 4).repeat(Buffer.of(1), large);
  });
  return headed(writer.buffer());
}

function headed(body: Buffer): Buffer {
  const header = Buffer.from(shopChunk(true, () => undefined).subarray(0, 68));
  header.writeBigInt64BE(BigInt(68 + body.length), 8);
  header.writeBigInt64BE(68n, 16);
  return Buffer.concat([header, body]);
}

/** A window of three hundred years, on a clock of one tick per second, with values near the largest. */
export function endlessWindow(): Buffer {
  const recording = shopWith({
    events: (writer) => {
      for (const tick of [1, 1e6, 2n ** 53n, 2n ** 62n, -(2n ** 62n)]) {
        writer.event(type.execution, (event) => {
          event.integer(tick, 8).integer(0, 4).raw(0).integer(0, 4).integer(1, 8).integer(1, 8).integer(0, 8);
        });
        writer.event(type.wall, (event) => {
          event
            .integer(tick, 8)
            .integer(1, 8)
            .integer(1, 8)
            .integer(1, 8)
            .integer(1e9, 4)
            .integer(2n ** 62n, 8);
        });
      }
    },
  });
  recording.writeBigInt64BE(2n ** 63n - 1n, 40);
  recording.writeBigInt64BE(1n, 56);
  return recording;
}

/** Hundreds of thousands of different stacks of different methods. */
export function manyStacks(): Buffer {
  const stacks = 1_200_000;
  return shopWith({
    events: (writer) => {
      for (let row = 0; row < stacks; row++)
        writer.event(type.execution, (event) => {
          event
            .integer(row, 8)
            .integer(0, 4)
            .raw(0)
            .integer(0, 4)
            .integer(1, 8)
            .integer(1000 + row, 8)
            .integer(0, 8);
        });
    },
    pool: (writer) => {
      writer.integer(type.stack, 8).integer(stacks, 4);
      for (let row = 0; row < stacks; row++)
        writer
          .integer(1000 + row, 8)
          .raw(0)
          .integer(3, 4)
          .integer(1, 8)
          .integer(row % 60_000, 4)
          .integer(1, 4)
          .integer(2, 8)
          .integer(row % 50_000, 4)
          .integer(1, 4)
          .integer(1, 8)
          .integer(row % 65_000, 4)
          .integer(1, 4);
    },
  });
}

/** A valid recording of so many bytes: that of a shop, its chunks over and over. */
export function largeRecording(bytes: number): Buffer {
  const file = new URL('../fixtures/recordings/shop-regression.jfr.gz', import.meta.url);
  const once = gunzipSync(readFileSync(file));
  return Buffer.concat(Array.from({ length: Math.floor(bytes / once.length) }, () => once));
}
