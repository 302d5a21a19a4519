import { damaged } from './cursor.ts';

/** Bytes of the header that every chunk begins with. */
export const chunkHeaderBytes = 68;

const magic = 0x464c5200; // "FLR\0"

/** One chunk: self-contained, with its own schema and constant pools. Offsets are from the start of the file. */
export interface Chunk {
  start: number;
  /** Where its bytes end: what the header says, or the end of the file when that comes first. */
  end: number;
  /** False when the writer did not finish it, or the file ends before it does. */
  whole: boolean;
  /** Offset of the newest checkpoint and of the metadata; 0 when the writer had not set it yet. */
  checkpoint: number;
  metadata: number;
  /** Epoch nanoseconds, rounded to what a double holds (256 ns). */
  startNanos: number;
  durationNanos: number;
  startTicks: number;
  ticksPerSecond: number;
  compressed: boolean;
}

/**
 * Splits a recording into its chunks by their headers alone. A last chunk that is cut off comes as `whole: false`;
 * bytes that are no chunk after at least one that is end the list with `rest: true`.
 * Throws Failure `recording-damaged` when the first bytes are no JFR 2.x chunk.
 */
export function readChunks(recording: Buffer): { chunks: Chunk[]; rest: boolean } {
  const chunks: Chunk[] = [];
  let start = 0;
  while (start < recording.length) {
    const chunk = readHeader(recording, start);
    if (typeof chunk === 'string') {
      if (chunks.length === 0) throw damaged(chunk);
      return { chunks, rest: true };
    }
    chunks.push(chunk);
    start = chunk.end;
  }
  if (chunks.length === 0) throw damaged('no bytes');
  return { chunks, rest: false };
}

function readHeader(recording: Buffer, start: number): Chunk | string {
  if (recording.length - start < chunkHeaderBytes) return `a chunk of ${recording.length - start} bytes`;
  if (recording.readUInt32BE(start) !== magic) return 'not a JFR recording';
  const major = recording.readUInt16BE(start + 4);
  if (major !== 2) return `JFR version ${major}, only version 2 is known`;
  const long = (offset: number) => Number(recording.readBigInt64BE(start + offset));
  const size = long(8);
  const checkpoint = long(16);
  const metadata = long(24);
  const ticksPerSecond = long(56);
  if (!(ticksPerSecond > 0)) return `a clock of ${ticksPerSecond} ticks per second`;
  // An unfinished chunk has size 0; it extends to the end of the file.
  const finished = size >= chunkHeaderBytes;
  const end = finished ? Math.min(start + size, recording.length) : recording.length;
  const inside = (offset: number) =>
    offset >= chunkHeaderBytes && start + offset < end ? start + offset : 0;
  return {
    start,
    end,
    whole: finished && start + size <= recording.length && inside(checkpoint) > 0 && inside(metadata) > 0,
    checkpoint: inside(checkpoint),
    metadata: inside(metadata),
    startNanos: long(32),
    durationNanos: Math.max(0, long(40)),
    startTicks: long(48),
    ticksPerSecond,
    compressed: (recording.readUInt32BE(start + 64) & 1) === 1,
  };
}
