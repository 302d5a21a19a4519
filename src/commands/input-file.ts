import { basename } from 'node:path';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { Failure } from '../reasons/failure.ts';

/** Bound on what is read whole, packed and unpacked; bytes. The person waits at the terminal. */
export const largestInput = 512 * 1024 * 1024;
/** How much is read at once, bytes. */
const pieceBytes = 1024 * 1024;

/** A file that was named on the command line. */
export interface InputFile {
  path: string;
  /** For people: without its folders. */
  name: string;
  /** Its bytes where it can be read only once; null for a file on disk. */
  kept: Buffer | null;
}

/**
 * `-` is stdin; that, and a pipe, is read at once and kept. This and what reads further throws a Failure:
 * file-unreadable, file-not-a-recording. Synchronous, for nothing else is waited for, and node:fs/promises takes 4 ms
 * to load.
 */
export function openInput(path: string): InputFile {
  if (path === '-') return { path, name: 'stdin', kept: joined(path, piecesOf(path, 0)) };
  const input = { path, name: basename(path), kept: null };
  const isOnDisk = readable(path, () => statSync(path).isFile());
  return isOnDisk ? input : { ...input, kept: joined(path, inputPieces(input)) };
}

/** The bytes; a piece is valid until the next one is asked for. */
export function* inputPieces({ path, kept }: InputFile): Generator<Buffer> {
  if (kept !== null) {
    yield kept;
    return;
  }
  const file = readable(path, () => openSync(path, 'r'));
  try {
    yield* piecesOf(path, file);
  } finally {
    closeSync(file);
  }
}

/** All bytes, up to `largestInput`. */
export function wholeInput({ path, kept }: InputFile): Buffer {
  if (kept !== null) return kept;
  if (readable(path, () => statSync(path).size) > largestInput) throw tooLarge(path);
  return readable(path, () => readFileSync(path));
}

function* piecesOf(path: string, file: number): Generator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  for (;;) {
    const bytesRead = readable(path, () => readSync(file, piece));
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
  }
}

function joined(path: string, pieces: Iterable<Buffer>): Buffer {
  const copies: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    bytes += piece.length;
    if (bytes > largestInput) throw tooLarge(path);
    copies.push(Buffer.from(piece));
  }
  return Buffer.concat(copies);
}

function tooLarge(path: string): Failure {
  const detail = `${path} is larger than the limit of ${largestInput} bytes`;
  return new Failure('file-not-a-recording', { detail });
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Failure('file-unreadable', { detail: path, cause: error });
  }
}
