import type { CallTree } from './call-tree.ts';

/** Boxes to draw, in columns: row after row from the outermost, each row from left to right. */
export interface Layout {
  count: number;
  node: Int32Array;
  /** Left edge and width in pixels. */
  x: Float64Array;
  width: Float64Array;
  row: Uint16Array;
  rows: number;
}

export interface LayoutOptions {
  /** Width of the picture in pixels. */
  width: number;
  /** Narrower boxes are left out, in pixels; their weight shows as empty space under their caller. */
  minimumWidth: number;
  /** The node that fills the width; its callers are drawn above it at full width. */
  zoom: number;
}

/**
 * The idle node never takes more of the width than this: it says that idle threads are there, not how many;
 * at its true width four stuck threads of fifty would be 3 % of the picture.
 */
const idleShare = 0.04;

/** Icicle layout of what is visible: O(visible boxes and their children). */
export function layOut(tree: CallTree, { width, minimumWidth, zoom }: LayoutOptions): Layout {
  const nodes: number[] = [];
  const lefts: number[] = [];
  const widths: number[] = [];
  const rows: number[] = [];
  const push = (node: number, left: number, wide: number, row: number): void => {
    nodes.push(node);
    lefts.push(left);
    widths.push(wide);
    rows.push(row);
  };
  for (const node of pathTo(tree, zoom)) push(node, 0, width, rows.length);

  // The arrays are queue and result in one: children are appended behind their row.
  for (let at = rows.length - 1; at < nodes.length; at += 1) {
    const node = nodes[at]!;
    const row = rows[at]! + 1;
    const idle = node === 0 && tree.idle >= 0 ? idleWidth(tree, widths[at]!) : 0;
    const room = widths[at]! - idle;
    pushChildren(tree, node, lefts[at]!, room, minimumWidth, (child, x, wide) => push(child, x, wide, row));
    if (idle > 0) push(tree.idle, lefts[at]! + room, idle, row);
  }
  return {
    count: nodes.length,
    node: Int32Array.from(nodes),
    x: Float64Array.from(lefts),
    width: Float64Array.from(widths),
    row: Uint16Array.from(rows),
    rows: (rows.at(-1) ?? 0) + 1,
  };
}

/** From the root to `node`, both included. */
function pathTo(tree: CallTree, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at !== 0; at = tree.parent[at]!) path.push(at);
  path.push(0);
  return path.reverse();
}

function pushChildren(
  tree: CallTree,
  node: number,
  left: number,
  room: number,
  minimumWidth: number,
  push: (child: number, left: number, width: number) => void,
): void {
  const total = tree.total[node]!;
  if (total <= 0) return;
  const scale = room / total;
  let x = left;
  for (let at = tree.childStart[node]!; at < tree.childStart[node + 1]!; at += 1) {
    const child = tree.children[at]!;
    if (child === tree.idle) continue;
    const wide = tree.total[child]! * scale;
    if (wide >= minimumWidth) push(child, x, wide);
    x += wide;
  }
}

function idleWidth(tree: CallTree, room: number): number {
  const idle = tree.total[tree.idle]!;
  const busy = tree.total[0]!;
  return busy === 0 ? room : room * Math.min(idleShare, idle / (idle + busy));
}
