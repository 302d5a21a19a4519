import type { CallTree } from '../call-tree.ts';
import { layOut, type Layout } from '../layout.ts';
import type { Sandwich } from '../sandwich.ts';

/** Boxes narrower than this are left out on the canvas, in CSS pixels. */
const minimumWidth = 0.3;

/** What the canvas draws: boxes of one tree, or of two (callers above, callees below). */
export interface Scene {
  /** Trees by layer. */
  trees: readonly CallTree[];
  boxes: Box[];
  /** Indices of `boxes` by row, each from left to right. */
  rows: number[][];
}

export interface Box {
  layer: number;
  node: number;
  x: number;
  width: number;
  row: number;
}

/** One tree, root on top. */
export function icicleScene(tree: CallTree, width: number, zoom: number): Scene {
  const layout = layOut(tree, { width, minimumWidth, zoom });
  return sceneOf(
    [tree],
    boxesOf(layout, 0, (row) => row),
  );
}

/** Callers grow upwards from the frame, callees downwards. */
export function sandwichScene({ callers, callees }: Sandwich, width: number): Scene {
  const above = layOut(callers, { width, minimumWidth, zoom: 0 });
  const below = layOut(callees, { width, minimumWidth, zoom: 0 });
  const middle = above.rows - 1;
  return sceneOf(
    [callees, callers],
    [
      ...boxesOf(above, 1, (row) => middle - row).filter(({ node }) => node !== 0),
      ...boxesOf(below, 0, (row) => middle + row),
    ],
  );
}

function boxesOf(layout: Layout, layer: number, rowOf: (row: number) => number): Box[] {
  return Array.from({ length: layout.count }, (_, at) => ({
    layer,
    node: layout.node[at]!,
    x: layout.x[at]!,
    width: layout.width[at]!,
    row: rowOf(layout.row[at]!),
  }));
}

function sceneOf(trees: readonly CallTree[], boxes: Box[]): Scene {
  const rows: number[][] = [];
  for (const [index, { row }] of boxes.entries()) (rows[row] ??= []).push(index);
  for (let row = 0; row < rows.length; row += 1) rows[row] ??= [];
  return { trees, boxes, rows };
}

/** The box at a place of the canvas, or -1. */
export function boxAt(scene: Scene, x: number, row: number): number {
  return (
    scene.rows[row]?.find((index) => {
      const box = scene.boxes[index]!;
      return x >= box.x && x < box.x + Math.max(box.width, 1);
    }) ?? -1
  );
}

/** The box that an arrow key leads to, or the same one where there is none. */
export function neighbour(scene: Scene, from: number, key: string): number {
  const box = scene.boxes[from];
  if (box === undefined)
    return scene.rows.findIndex((row) => row.length > 0) >= 0 ? (scene.rows[0]?.[0] ?? -1) : -1;
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    const row = scene.rows[box.row]!;
    return row[row.indexOf(from) + (key === 'ArrowRight' ? 1 : -1)] ?? from;
  }
  const middle = box.x + box.width / 2;
  if (key === 'ArrowUp') {
    const above = scene.rows[box.row - 1] ?? [];
    return (
      widestOf(
        scene,
        above.filter((index) => overlaps(scene.boxes[index]!, box)),
        middle,
      ) ?? from
    );
  }
  const below = scene.rows[box.row + 1] ?? [];
  return (
    widestOf(
      scene,
      below.filter((index) => overlaps(box, scene.boxes[index]!)),
      middle,
    ) ?? from
  );
}

/** Whether the middle of `inner` lies within `outer`, or the other way round where callers widen downwards. */
function overlaps(outer: Box, inner: Box): boolean {
  return outer.x < inner.x + inner.width - 0.01 && inner.x < outer.x + outer.width - 0.01;
}

function widestOf(scene: Scene, indices: number[], middle: number): number | undefined {
  return indices.sort((a, b) => {
    const left = scene.boxes[a]!;
    const right = scene.boxes[b]!;
    return (
      right.width - left.width ||
      Math.abs(left.x + left.width / 2 - middle) - Math.abs(right.x + right.width / 2 - middle)
    );
  })[0];
}
