import { randomUUID } from 'node:crypto';
import { constants, mkdirSync, type Dirent } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import { isStorableKey } from '../artifacts/keys.ts';
import type { ArtifactStore, StoredObject } from '../captures/artifact-store.ts';

/** What a file system cannot store itself, in `.<name>.json` next to the body. */
const sidecarSchema = z.object({
  contentType: z.string(),
  contentEncoding: z.enum(['identity', 'gzip']),
  metadata: z.record(z.string(), z.string()),
});

/**
 * Artifacts as files below `directory`, which is created when missing. A body appears under its name only once it and
 * its sidecar are durable. Errors: store-missing when the directory has gone since (a volume
 * that is not mounted must not be written through), store-denied (rights, or read-only), store-full, store-unavailable.
 */
export function filesystemStore({ directory }: { directory: string }): ArtifactStore {
  const root = resolve(directory);
  try {
    mkdirSync(root, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw asStoreFailure(error, root);
  }

  const pathOf = (key: string) => {
    if (!isStorableKey(key)) throw new Failure('store-denied', { detail: `not a storable key: ${key}` });
    return join(root, key);
  };

  return {
    async put(object, signal) {
      const path = pathOf(object.key);
      const { contentType, contentEncoding, metadata } = object;
      await attempt(root, signal, async () => {
        await stat(root);
        await mkdir(dirname(path), { recursive: true, mode: 0o750 }).catch(async (error: unknown) => {
          // For a read-only disk Node reports ENOENT here; this reports EROFS.
          await access(root, constants.W_OK);
          throw error;
        });
        await removeAbandoned(dirname(path));
        // The sidecar first: a body without its sidecar is never seen, not even after a power cut.
        await writeWhole(sidecarOf(path), JSON.stringify({ contentType, contentEncoding, metadata }), signal);
        await writeWhole(path, object.body, signal);
      });
    },

    async get(key, signal) {
      const path = pathOf(key);
      return attempt(root, signal, async (): Promise<StoredObject | undefined> => {
        const body = await unlessMissing(readFile(path, { signal }));
        if (body === undefined) {
          // With its volume unmounted, a missing file means nothing.
          await stat(root);
          return undefined;
        }
        const sidecar = sidecarSchema.parse(
          JSON.parse(await readFile(sidecarOf(path), { encoding: 'utf8', signal })),
        );
        return { key, body, ...sidecar };
      });
    },

    async list(prefix, limit, signal) {
      return attempt(root, signal, async () => {
        await stat(root);
        const found: { key: string; modifiedAt: Date; size: number }[] = [];
        for await (const key of keysUnder(root, '', prefix)) {
          if (found.length >= limit) break;
          signal.throwIfAborted();
          const file = await unlessMissing(stat(join(root, key)));
          if (file !== undefined) found.push({ key, modifiedAt: file.mtime, size: file.size });
        }
        return found;
      });
    },

    async delete(keys, signal) {
      for (const key of keys) {
        const path = pathOf(key);
        await attempt(root, signal, async () => {
          await stat(root);
          await rm(path, { force: true });
          await rm(sidecarOf(path), { force: true });
          await removeEmptyFolders(dirname(path), root);
        });
      }
    },

    link: () => Promise.resolve(undefined),
  };
}

/** Next to the body and hidden: no key has a segment that starts with a dot. */
function sidecarOf(path: string): string {
  const name = path.slice(dirname(path).length + 1);
  return join(dirname(path), `.${name}.json`);
}

/** Partial files carry the id of their process: those of another process will never be finished. */
const writer = randomUUID();

/** Removes partial files that a killed process left in this folder. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.endsWith('.part') && !name.startsWith(`.${writer}.`))
      await rm(join(folder, name), { force: true });
}

async function writeWhole(path: string, body: Buffer | string, signal: AbortSignal): Promise<void> {
  const temporary = join(dirname(path), `.${writer}.${randomUUID()}.part`);
  try {
    const file = await open(temporary, 'wx', 0o640);
    try {
      await file.writeFile(body, { signal });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    // Without this the name itself may be lost in a power cut, although the bytes are not.
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Keys in the order of their bytes, which is how S3 lists them and, as keys begin with the day, oldest first. */
async function* keysUnder(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = (await unlessMissing(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  const names = entries
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => [asListed(entry), entry] as const);
  names.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, entry] of names) {
    const key = `${folder}${name}`;
    if (entry.isDirectory()) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* keysUnder(root, key, prefix);
    } else if (key.startsWith(prefix)) yield key;
  }
}

const asListed = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name);

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let path = folder; path.length > root.length; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return; // Not empty, or already removed: nothing left to do.
    }
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function attempt<T>(root: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    throw asStoreFailure(error, root);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

function asStoreFailure(error: unknown, root: string): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  const options = { detail: `${code || 'error'} in ${root}`, cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Failure('store-missing', options);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new Failure('store-full', options);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new Failure('store-denied', options);
  return new Failure('store-unavailable', options);
}
