import { glob, readFile, stat } from 'node:fs/promises';
import { readGroups, type ListedHost } from './read-groups.ts';
import type { InventorySource } from './source.ts';

/** 20,000 hosts with a dozen labels each. */
const largestBytes = 8 * 1024 ** 2;
const mostFiles = 1_000;

interface ReadFile {
  /** Changes with the file. */
  stamp: string;
  hosts: readonly ListedHost[];
}

/** Prometheus' file_sd: JSON or YAML files, by path or pattern. Files that are gone are forgotten. */
export function fileSource(
  { files, refreshInterval }: { files: readonly string[]; refreshInterval: number },
  sshLabel: string,
): InventorySource {
  let known = new Map<string, ReadFile>();
  let hosts: readonly ListedHost[] = [];
  return {
    name: `file_sd ${files.join(', ')}`,
    refreshMs: refreshInterval,
    read: async () => {
      const problems: string[] = [];
      const paths = await pathsOf(files, problems);
      const now = new Map<string, ReadFile>();
      let incomplete = false;
      for (const path of paths) {
        const before = known.get(path);
        try {
          now.set(path, await readWhenChanged(path, before, sshLabel));
        } catch (error) {
          problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
          if (before === undefined) incomplete = true;
          else now.set(path, before);
        }
      }
      const unchanged = now.size === known.size && [...now].every(([path, file]) => known.get(path) === file);
      // The same list while nothing changes: then nothing is looked up anew.
      if (!unchanged) hosts = [...now.values()].flatMap((file) => file.hosts);
      known = now;
      return { hosts, problems, incomplete };
    },
  };
}

async function pathsOf(files: readonly string[], problems: string[]): Promise<string[]> {
  const paths = new Set<string>();
  for (const pattern of files) {
    const before = paths.size;
    for await (const path of glob(pattern)) {
      if (paths.size === mostFiles) {
        problems.push(`${pattern}: more than ${mostFiles} files; the others are not read`);
        return [...paths];
      }
      paths.add(path);
    }
    if (paths.size === before) problems.push(`${pattern}: no such file`);
  }
  return [...paths];
}

async function readWhenChanged(
  path: string,
  before: ReadFile | undefined,
  sshLabel: string,
): Promise<ReadFile> {
  const { ino, mtimeNs, size } = await stat(path, { bigint: true });
  const stamp = `${ino} ${mtimeNs} ${size}`;
  if (stamp === before?.stamp) return before;
  if (size > largestBytes) throw new Error(`larger than ${largestBytes} bytes`);
  return { stamp, hosts: readGroups(await readFile(path, 'utf8'), path, sshLabel) };
}
