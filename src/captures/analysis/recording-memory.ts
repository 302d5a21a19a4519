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
const readingBase = 32 * mebibyte;
const readingTimes = 7;
/** Heap at which a thread ends, and the recording counts as damaged. A 60 s recording needs 60 MiB. */
const leastHeap = 128 * mebibyte;
const heapTimes = 4;
/** Threads are used again by recordings that are given the same heap. */
const heapStep = 64 * mebibyte;
/** Fetching holds a recording and, while it is written into the ledger, a copy. */
const fetchTimes = 2;

/** flamepin at rest with its libraries loaded, bytes: measured 111 MB, with Kubernetes up to 150. */
const restBytes = 128 * mebibyte;
/** Of a limit, what is counted on: the rest is for what the allocator holds and does not use. */
const usableShare = 0.9;
/** What fetching gets at least of it, if it is not more than half. */
const fetchingShare = 0.25;
/** A limit beyond this is none, bytes: cgroup v1 writes a number near 2^63. */
const boundless = 2 ** 50;

/** Memory of this process, and how much of it is given to what. Bytes. */
export interface RecordingMemory {
  /** What this process may use at all. */
  limit: number;
  /** Apart from reading, so that our files never wait in a target for a recording that is read for a minute. */
  fetching: MemoryBudget;
  reading: MemoryBudget;
  /** One recording of the largest size. */
  fetchBytes: number;
}

/** Memory that this process may use, bytes: of its control group, else of the machine. */
export function memoryLimit(constrained = process.constrainedMemory()): number {
  return constrained > 0 && constrained < boundless ? Math.min(constrained, totalmem()) : totalmem();
}

/** @param maxRecordingBytes bound on one recording */
export function recordingMemory(maxRecordingBytes: number, limit = memoryLimit()): RecordingMemory {
  const usable = Math.max(0, limit * usableShare - restBytes);
  const fetchBytes = maxRecordingBytes * fetchTimes;
  // One of the largest, and more where there is more.
  const fetching = Math.min(Math.max(fetchBytes, usable * fetchingShare), usable / 2);
  return {
    limit,
    fetching: new MemoryBudget(fetching),
    reading: new MemoryBudget(usable - fetching),
    fetchBytes,
  };
}

/** Heap that a thread gets for a recording of so many bytes once it is unpacked, bytes. */
export function heapFor(bytes: number): number {
  return Math.max(leastHeap, Math.ceil((readingBase + bytes * heapTimes) / heapStep) * heapStep);
}

/** What reading a recording of so many bytes takes from its spool to its files, bytes. */
export function readingBytes(bytes: number): number {
  return readingBase + bytes * readingTimes;
}

/**
 * The least limit on memory under which a recording of this size can be read, bytes.
 * @param largestBytes bound on one that is fetched meanwhile
 */
export function neededLimit(bytes: number, largestBytes = bytes): number {
  const reading = readingBytes(bytes);
  const usable = Math.max(
    reading + Math.min(reading, largestBytes * fetchTimes),
    reading / (1 - fetchingShare),
  );
  return Math.ceil((restBytes + usable) / usableShare);
}

/** Why a recording of this size is not read here; null when it can be, alone or beside others. */
export function whyNotToRead(bytes: number, { reading, limit, fetchBytes }: RecordingMemory): Failure | null {
  const needed = readingBytes(bytes);
  if (needed <= reading.total) return null;
  const raised = neededLimit(bytes, fetchBytes / fetchTimes);
  return new Failure('memory-too-small', {
    detail:
      `${inMebibytes(bytes)} take up to ${inMebibytes(needed)} to read; of ${inMebibytes(limit)}, ` +
      `${inMebibytes(reading.total)} are for that; ${inMebibytes(raised)} would do`,
  });
}

/** `59 MiB` */
export function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`;
}
