import { readdirSync, readlinkSync, readSync, statSync, type Stats } from 'node:fs';
import { Failure } from '../../reasons/failure.ts';

/** The header identifies the state of a database or its log: salts, change counter, size in pages. Bytes. */
const headerBytes = 100;

/**
 * Whether a file that SQLite holds open is still the one at its path, with what SQLite wrote. A file that was deleted,
 * moved or replaced still accepts writes, but the next start will not find them; one that was truncated or overwritten
 * has lost them already. Checked before and after each transaction: two or three stat(2) calls, some 10 µs.
 */
export class FileWatch {
  readonly #path: string;
  #seen: Stats | undefined;
  #header: Buffer | undefined;
  #descriptor: number | undefined;
  /** Set once and for good, whatever is put in the file's place. */
  #lost: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Accepts the file as it is now, after SQLite has written to it. Throws like `check` when it shrank or was replaced. */
  remember(): void {
    const seen = this.#look();
    if (seen === undefined) return;
    if (this.#seen !== undefined && seen.size < this.#seen.size) this.#fail('was truncated');
    this.#seen = seen;
    this.#header = this.#readHeader(seen);
  }

  /**
   * Throws Failure ledger-lost while the file is not at its path, and for good once it was truncated or written over by
   * anybody else since `remember`.
   */
  check(): void {
    const seen = this.#look();
    if (seen === undefined || this.#seen === undefined) return;
    if (seen.size < this.#seen.size) this.#fail('was truncated');
    if (seen.mtimeMs === this.#seen.mtimeMs && seen.size === this.#seen.size) return;
    const header = this.#readHeader(seen);
    if (header !== undefined && this.#header !== undefined && !header.equals(this.#header))
      this.#fail('was overwritten by another program');
    // Only its mtime changed, as by touch(1).
    this.#seen = seen;
  }

  /** It was truncated or overwritten: SQLite must write nothing more into it. */
  get corrupted(): boolean {
    return this.#lost !== undefined;
  }

  #look(): Stats | undefined {
    if (this.#lost !== undefined) this.#fail(this.#lost);
    const seen = statSync(this.#path, { throwIfNoEntry: false });
    if (this.#seen === undefined) {
      this.#seen = seen;
      this.#header = seen && this.#readHeader(seen);
      return seen;
    }
    // Not final: the intact file may come back.
    if (seen === undefined) throw this.#failure('was deleted or moved');
    if (seen.ino !== this.#seen.ino || seen.dev !== this.#seen.dev)
      throw this.#failure('was replaced by another file');
    return seen;
  }

  #fail(what: string): never {
    this.#lost = what;
    throw this.#failure(what);
  }

  #failure(what: string): Failure {
    return new Failure('ledger-lost', { detail: `${this.#path} ${what} while flamepin had it open` });
  }

  /**
   * Through SQLite's own descriptor: closing another one would drop this process's locks on the file (POSIX locks belong
   * to process and file).
   */
  #readHeader({ ino, dev }: Stats): Buffer | undefined {
    this.#descriptor ??= descriptorOf(ino, dev);
    if (this.#descriptor === undefined) return undefined;
    const header = Buffer.alloc(headerBytes);
    readSync(this.#descriptor, header, 0, headerBytes, 0);
    return header;
  }
}

/** The descriptor by which this process has a file open; undefined where /proc does not show it. */
function descriptorOf(ino: number, dev: number): number | undefined {
  try {
    for (const name of readdirSync('/proc/self/fd')) {
      if (!readlinkSync(`/proc/self/fd/${name}`).startsWith('/')) continue;
      const open = statSync(`/proc/self/fd/${name}`, { throwIfNoEntry: false });
      if (open?.ino === ino && open.dev === dev) return Number(name);
    }
  } catch {
    // No /proc: the header is not compared, the rest is.
  }
  return undefined;
}
