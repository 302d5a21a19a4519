import { totalmem } from 'node:os';
import { Failure } from '../../reasons/failure.ts';
import { MemoryBudget } from './memory-budget.ts';

/**
 * What a recording costs in memory, as measured on Node 24 (resident memory at its peak, less that before): recordings
 * of 15 and 59 MB made of the chunks of real ones, plain and gzipped. With the same stacks in every chunk reading took
 * 3.0 times its size, at either size; with other names in every chunk, 8.3 times at 15 MB and 6.5 times at 59 MB, of
 * which 79 and 208 MB were the thread's heap. The factors are above the worst of these.
 */
const mebibyte = 1024 ** 2;
const readingFactor = 7;
/** A reading process that has loaded, and has read a small one: measured 68 and 77 MiB that it shares with nobody. */
const readingBase = 80 * mebibyte;
const heapBase = 32 * mebibyte;
/** Minimum heap of a thread, bytes; beyond its heap the recording counts as damaged. A 60 s recording needs 60 MiB. */
const minHeap = 128 * mebibyte;
const heapFactor = 4;
/** Heaps are rounded up, bytes, so that recordings of similar size can reuse a thread. */
const heapStep = 64 * mebibyte;
/** Fetching holds a recording and, while it is written into the ledger, a copy. */
const fetchFactor = 2;

/** flamepin at rest with its libraries loaded, bytes: measured 111 MB, with Kubernetes up to 150. */
const restBytes = 128 * mebibyte;
/** Usable share of the limit; the rest is allocator overhead. */
const usableShare = 0.9;
/** Minimum share for fetching, up to half of it. */
const fetchingShare = 0.25;
/** A limit from here on means none, bytes: cgroup v1 writes a number near 2^63. */
const unlimitedFrom = 2 ** 50;

/** How this process divides its memory, bytes. */
export interface RecordingMemory {
  /** All that this process may use. */
  limit: number;
  /** Separate from reading, so that our files never wait in a target behind a recording that takes a minute to read. */
  fetching: MemoryBudget;
  reading: MemoryBudget;
  /** One recording of the largest size. */
  fetchBytes: number;
}

/** What a recording of this size takes while it is fetched, bytes. */
export function fetchingBytes(bytes: number): number {
  return bytes * fetchFactor;
}

/** What this process may use, bytes: its control group's limit, else the machine's memory. */
export function memoryLimit(constrained = process.constrainedMemory()): number {
  return constrained > 0 && constrained < unlimitedFrom ? Math.min(constrained, totalmem()) : totalmem();
}

/** @param maxRecordingBytes bound on one recording */
export function recordingMemory(maxRecordingBytes: number, limit = memoryLimit()): RecordingMemory {
  const usable = Math.max(0, limit * usableShare - restBytes);
  const fetchBytes = fetchingBytes(maxRecordingBytes);
  // Room for one of the maximum size, and for more where there is more.
  const fetching = Math.min(Math.max(fetchBytes, usable * fetchingShare), usable / 2);
  return {
    limit,
    fetching: new MemoryBudget(fetching),
    reading: new MemoryBudget(usable - fetching),
    fetchBytes,
  };
}

/** Heap of a thread for a recording of this unpacked size, bytes. */
export function heapFor(bytes: number): number {
  return Math.max(minHeap, Math.ceil((heapBase + bytes * heapFactor) / heapStep) * heapStep);
}

/** What a recording of this size takes from spool to files, bytes. */
export function readingBytes(bytes: number): number {
  return readingBase + bytes * readingFactor;
}

/**
 * The smallest memory limit under which a recording of this size can be read, bytes.
 * @param largestBytes bound on a recording that is fetched meanwhile
 */
export function neededLimit(bytes: number, largestBytes = bytes): number {
  const reading = readingBytes(bytes);
  const usable = Math.max(
    reading + Math.min(reading, largestBytes * fetchFactor),
    reading / (1 - fetchingShare),
  );
  return Math.ceil((restBytes + usable) / usableShare);
}

/** Why a recording of this size cannot be read here; null when it can. */
export function whyNotToRead(bytes: number, { reading, limit, fetchBytes }: RecordingMemory): Failure | null {
  const needed = readingBytes(bytes);
  if (needed <= reading.total) return null;
  const raised = neededLimit(bytes, fetchBytes / fetchFactor);
  return new Failure('memory-too-small', {
    detail:
      `${inMebibytes(bytes)} takes up to ${inMebibytes(needed)} to read, and of ${inMebibytes(limit)}, ` +
      `${inMebibytes(reading.total)} is available for that; a limit of ${inMebibytes(raised)} is enough`,
  });
}

/** `59 MiB` */
export function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`;
}
