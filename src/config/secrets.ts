import { readFileSync, statSync } from 'node:fs';

/** A secret that may change while flamepin runs. Its text is never logged; `origin` says where it comes from. */
export interface Secret {
  readonly origin: string;
  /** The secret as it is now. */
  read(): string;
}

export function fixedSecret(text: string, origin: string): Secret {
  return { origin, read: () => text };
}

/** Secrets are a line of text; more than this is the wrong file. */
const largestSecret = 64 * 1024;
/** How long a secret is used before its file is looked at again, milliseconds. */
const lookEvery = 1000;

/**
 * A secret in a file, read again when the file has changed: Kubernetes renews mounted Secrets and projected tokens
 * in place (by swapping a symbolic link, so the inode is compared too). While the file cannot be read or is empty,
 * as in the middle of a rotation, the last one stays in use. Throws when it cannot be read the first time.
 */
export function fileSecret(path: string): Secret {
  let seen = look(path);
  let text = load(path);
  let lookedAt = performance.now();
  return {
    origin: path,
    read() {
      if (performance.now() - lookedAt < lookEvery) return text;
      lookedAt = performance.now();
      try {
        const now = look(path);
        if (now !== seen) {
          text = load(path);
          seen = now;
        }
      } catch {
        return text;
      }
      return text;
    },
  };
}

function look(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  if (size > largestSecret) throw new Error(`it is larger than ${largestSecret} bytes`);
  return `${ino} ${mtimeNs} ${size}`;
}

function load(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  if (text === '') throw new Error('it is empty');
  return text;
}
