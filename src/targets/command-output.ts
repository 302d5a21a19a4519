import { Failure } from '../reasons/failure.ts';

/** What is kept of stderr, bytes: its end. */
const keptStderrBytes = 64 * 1024;
/** A command that says more than this on stderr is no script of ours, bytes. */
const maxStderrBytes = 16 * 1024 * 1024;
const initialBytes = 16 * 1024;
/** From here on the whole buffer is allocated at once: pages that nothing is written to take no memory. */
const allocateAllFromBytes = 1024 * 1024;

/**
 * Pieces that may arrive however little is in them. Our scripts write a line at a time, a few thousand of them; `cat`
 * writes a recording in pieces of 32 KiB or more.
 */
const freePieces = 16_384;
/** Beyond those, a piece must bring at least so many bytes of what may be said. */
const minPieceBytes = 256;

/**
 * Output of a command in memory that is bounded by its bytes, however many pieces they come in: a target that writes
 * byte by byte costs a few hundred bytes of bookkeeping for each, unless they are copied into one buffer.
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

  /** All of stdout so far: not a copy. */
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
