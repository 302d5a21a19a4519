import { Failure } from '../../reasons/failure.ts';
import type { CommandOutput } from '../command-output.ts';

/** Stream (0 and 1: stdout, 2: stderr), three zeros, length in big-endian. Docker's API reference, "Stream format". */
const headerBytes = 8;

/** The output of an exec without a terminal: frames of stdout and stderr, in pieces of any size. */
export class FrameReader {
  readonly #output: CommandOutput;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #remaining = 0;

  constructor(output: CommandOutput) {
    this.#output = output;
  }

  /** Throws Failure exec-overflow, or exec-disconnected for what is no such stream. */
  add(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      if (this.#remaining === 0) {
        const taken = piece.copy(this.#header, this.#headerFilled, at);
        this.#headerFilled += taken;
        at += taken;
        if (this.#headerFilled < headerBytes) return;
        this.#headerFilled = 0;
        this.#remaining = this.#header.readUInt32BE(4);
        if (this.#header.readUInt8(0) > 2)
          throw new Failure('exec-disconnected', {
            detail: 'the answer makes no sense: not a multiplexed stream',
          });
        continue;
      }
      const content = piece.subarray(at, at + this.#remaining);
      at += content.length;
      this.#remaining -= content.length;
      if (this.#header.readUInt8(0) === 2) this.#output.addStderr(content);
      else this.#output.addStdout(content);
    }
  }
}
