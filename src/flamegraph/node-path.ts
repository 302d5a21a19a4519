import type { CallTree } from './call-tree.ts';

/**
 * A short name for every node that is the same in every capture with the same path of frames: 32 bits of FNV-1a
 * over the names from the root. For links; two paths of one picture share one once in some ten thousand pictures.
 */
export function pathHashes(tree: CallTree): Uint32Array {
  const own = new Map<number, number>();
  const hashes = new Uint32Array(tree.size);
  hashes[0] = 0x811c9dc5;
  for (let node = 1; node < tree.size; node += 1) {
    const frame = tree.frame[node]!;
    let hash = own.get(frame);
    if (hash === undefined) {
      const { kind, name } = tree.frames[frame]!;
      hash = hashOf(kind === 'folded' ? kind : `${kind} ${name}`);
      own.set(frame, hash);
    }
    hashes[node] = Math.imul(hashes[tree.parent[node]!]! ^ hash, 0x01000193) >>> 0;
  }
  return hashes;
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
