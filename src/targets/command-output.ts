import { Failure } from '../reasons/failure.ts';

/** How much of stderr is kept, from the end; bytes. */
const keptStderrBytes = 64 * 1024;
/** Our scripts never write this much to stderr; bytes. */
const maxStderrBytes = 16 * 1024 * 1024;
const initialBytes = 16 * 1024;
/** From this size on the whole buffer is allocated at once: untouched pages take no memory. */
const allocateAllFromBytes = 1024 * 1024;

/**
 * Chunks allowed whatever their size. Our scripts write a few thousand lines, one at a time; `cat` writes a recording in
 * chunks of 32 KiB or more.
 */
const freePieces = 16_384;
/** Beyond those, one more chunk is allowed per this many bytes of the limit. */
const minPieceBytes = 256;

/**
 * A command's output, in memory bounded by its bytes and not by the number of chunks: one object per chunk would cost a
 * few hundred bytes for each byte of a target that writes byte by byte.
 */
export class CommandOutput {
  readonly #maxBytes: number;
  readonly #maxPieces: number;
  #pieces = 0;
  #stdout = Buffer.alloc(0);
  #stdoutBytes = 0;
  #stderr: Buffer | null = null;
  #stderrBytes = 0;

  /** @param maxBytes bound on stdout */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxPieces = freePieces + Math.ceil(maxBytes / minPieceBytes);
  }

  /** All of stdout so far; not a copy. */
  get stdout(): Buffer {
    return this.#stdout.subarray(0, this.#stdoutBytes);
  }

  /** The last 64 KiB of stderr. */
  get stderr(): string {
    const ring = this.#stderr;
    if (ring === null) return '';
    if (this.#stderrBytes <= keptStderrBytes) return ring.toString('utf8', 0, this.#stderrBytes);
    const start = this.#stderrBytes % keptStderrBytes;
    return Buffer.concat([ring.subarray(start), ring.subarray(0, start)]).toString('utf8');
  }

  /** Throws Failure exec-overflow. */
  addStdout(piece: Uint8Array): void {
    this.#count();
    const end = this.#stdoutBytes + piece.length;
    if (end > this.#maxBytes) throw this.#overflow(`more than ${this.#maxBytes} bytes`);
    if (end > this.#stdout.length) this.#grow(end);
    this.#stdout.set(piece, this.#stdoutBytes);
    this.#stdoutBytes = end;
  }

  /** Throws Failure exec-overflow. */
  addStderr(piece: Uint8Array): void {
    this.#count();
    const ring = (this.#stderr ??= Buffer.allocUnsafeSlow(keptStderrBytes));
    const kept = piece.subarray(-keptStderrBytes);
    const start = (this.#stderrBytes + piece.length - kept.length) % keptStderrBytes;
    const untilEdge = Math.min(kept.length, keptStderrBytes - start);
    ring.set(kept.subarray(0, untilEdge), start);
    ring.set(kept.subarray(untilEdge), 0);
    this.#stderrBytes += piece.length;
    if (this.#stderrBytes > maxStderrBytes)
      throw this.#overflow(`more than ${maxStderrBytes} bytes on stderr`);
  }

  #count(): void {
    if (++this.#pieces > this.#maxPieces)
      throw this.#overflow(
        `more than ${this.#maxPieces} pieces, with ${this.#stdoutBytes} bytes on stdout and ${this.#stderrBytes} on stderr`,
      );
  }

  #grow(needed: number): void {
    const doubled = Math.max(initialBytes, needed, this.#stdout.length * 2);
    const size = Math.min(doubled < allocateAllFromBytes ? doubled : this.#maxBytes, this.#maxBytes);
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.stdout);
    this.#stdout = larger;
  }

  #overflow(detail: string): Failure {
    return new Failure('exec-overflow', { detail, stderr: this.stderr });
  }
}
