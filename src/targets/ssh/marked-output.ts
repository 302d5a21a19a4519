import { Failure } from '../../reasons/failure.ts';
import { CommandOutput } from '../command-output.ts';

/** What run.sh prints before the command on stdout, and after it on stderr. */
const begun = Buffer.from('flamepin-begun\n');
const ended = 'flamepin-ended=';
/** The startup files of a login shell may print; bytes. */
const maxBeforeBytes = 64 * 1024;

/** What a command prints between the two marks of run.sh. */
export class MarkedOutput {
  readonly #output: CommandOutput;
  /** Until the first mark: what came before it. */
  #before = Buffer.alloc(0);
  #begun = false;

  /** @param maxBytes bound on the command's own stdout */
  constructor(maxBytes: number) {
    this.#output = new CommandOutput(maxBytes);
  }

  /** Has the command been started? */
  get begun(): boolean {
    return this.#begun;
  }

  get stdout(): Buffer {
    return this.#output.stdout;
  }

  /** Without the mark at its end. */
  get stderr(): string {
    const { stderr } = this.#output;
    const mark = stderr.lastIndexOf(ended);
    return mark === -1 ? stderr : stderr.slice(0, mark);
  }

  /** The exit code, or that there is no such program; null while the command has not ended. */
  get end(): number | 'missing' | null {
    const { stderr } = this.#output;
    const mark = stderr.lastIndexOf(ended);
    const code = mark === -1 ? null : /^(\d{1,3}|missing)\n/.exec(stderr.slice(mark + ended.length));
    if (code === null) return null;
    return code[1] === 'missing' ? 'missing' : Number(code[1]);
  }

  /** What was printed where there is no mark: the words of whatever ran there instead. */
  get before(): string {
    return `${this.#before.toString('utf8')}\n${this.stderr}`.trim();
  }

  /** Throws Failure exec-overflow, or exec-denied for a login shell that prints without end. */
  addStdout(piece: Buffer): void {
    if (this.#begun) {
      this.#output.addStdout(piece);
      return;
    }
    this.#before = Buffer.concat([this.#before, piece]);
    const mark = this.#before.indexOf(begun);
    if (mark === -1) {
      if (this.#before.length > maxBeforeBytes)
        throw new Failure('exec-denied', {
          detail: `the login shell prints more than ${maxBeforeBytes} bytes before it runs the command`,
        });
      return;
    }
    this.#begun = true;
    const own = this.#before.subarray(mark + begun.length);
    this.#before = Buffer.alloc(0);
    if (own.length > 0) this.#output.addStdout(own);
  }

  /** Throws Failure exec-overflow. */
  addStderr(piece: Buffer): void {
    this.#output.addStderr(piece);
  }
}
