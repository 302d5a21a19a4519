import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Tar } from './tar.ts';

export interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
}

/** One layer of files, taken from this machine: containers without a registry and without Docker. */
export class Image {
  readonly #tar = new Tar();
  readonly #known = new Set<string>();

  directory(path: string, mode?: number): void {
    if (path === '/' || path === '.' || this.#known.has(path)) return;
    this.directory(dirname(path));
    this.#known.add(path);
    this.#tar.directory(path.slice(1), mode);
  }

  /** Where a runtime mounts, and /tmp. */
  mountPoints(): void {
    this.directory('/tmp', 0o1777);
    for (const place of ['/proc', '/sys', '/dev', '/run']) this.directory(place);
  }

  data(path: string, data: Buffer | string, mode?: number): void {
    if (this.#known.has(path)) return;
    this.directory(dirname(path));
    this.#known.add(path);
    this.#tar.file(path.slice(1), Buffer.from(data), mode);
  }

  link(path: string, target: string): void {
    if (this.#known.has(path)) return;
    this.directory(dirname(path));
    this.#known.add(path);
    this.#tar.link(path.slice(1), target);
  }

  /** A file of this machine, executable when it is here. */
  file(path: string, source: string): void {
    this.data(path, readFileSync(source), executable(source) ? 0o755 : 0o644);
  }

  /** A directory of this machine with all that is in it; `wanted` sees paths relative to it. */
  tree(path: string, source: string, wanted: (name: string) => boolean = () => true): void {
    this.directory(path);
    for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
      const from = join(entry.parentPath, entry.name);
      const name = relative(source, from);
      if (!wanted(name)) continue;
      if (entry.isDirectory()) this.directory(join(path, name));
      else if (entry.isSymbolicLink() && !readlinkSync(from).startsWith('/'))
        this.link(join(path, name), readlinkSync(from));
      else if (lstatSync(realpathSync(from)).isFile()) this.file(join(path, name), from);
    }
  }

  /** The shared libraries that programs of this machine need, at the paths where the loader looks for them. */
  libraries(...programs: string[]): void {
    for (const program of programs) {
      // ldd fails on what is not dynamic; then there is nothing to add.
      const listed = execFileSync('sh', ['-c', 'ldd "$1" 2>/dev/null || true', 'sh', program], {
        encoding: 'utf8',
      });
      for (const [, library = ''] of listed.matchAll(/(?:=> )?(\/\S+) \(0x/g))
        if (!library.includes('/jvm/') && !library.includes('/runtime'))
          this.file(library, realpathSync(library));
    }
  }

  /** The archive that `ctr images import` reads. */
  archive(name: string, config: ImageConfig): Buffer {
    const layer = this.#tar.bytes();
    const description = Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      }),
    );
    const described = `${sha256(description)}.json`;
    const archive = new Tar();
    archive.file('layer.tar', layer);
    archive.file(described, description);
    archive.file(
      'manifest.json',
      Buffer.from(JSON.stringify([{ Config: described, RepoTags: [name], Layers: ['layer.tar'] }])),
    );
    return archive.bytes();
  }
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return (lstatSync(realpathSync(path)).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
