import { selfOf, type CallTree } from './call-tree.ts';
import { isCode } from './sandwich.ts';

/** One method over all its places. */
export interface Method {
  /** Index of the tree's frames. */
  frame: number;
  /** Weight of the stacks that it is in, each once however often it calls itself. */
  total: number;
  /** Weight of the stacks that end in it. */
  self: number;
}

/** Every method of a tree, in no order. O(nodes). */
export function methodsOf(tree: CallTree): Method[] {
  const methods = new Map<number, Method>();
  /** How often each frame is on the path to the node that is being looked at. */
  const within = new Int32Array(tree.frames.length);
  const enter = (node: number): void => {
    const frame = tree.frame[node]!;
    within[frame]! += 1;
    if (node === 0 || !isCode(tree.frames[frame]!.kind)) return;
    let method = methods.get(frame);
    if (method === undefined) methods.set(frame, (method = { frame, total: 0, self: 0 }));
    if (within[frame] === 1) method.total += tree.total[node]!;
    method.self += selfOf(tree, node);
  };
  // Depth first, with a stack of our own: recursion may be tens of thousands deep.
  const path: { node: number; next: number }[] = [{ node: 0, next: tree.childStart[0]! }];
  enter(0);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    if (top.next === tree.childStart[top.node + 1]!) {
      within[tree.frame[top.node]!]! -= 1;
      path.pop();
      continue;
    }
    const node = tree.children[top.next]!;
    top.next += 1;
    if (node === tree.idle) continue;
    enter(node);
    path.push({ node, next: tree.childStart[node]! });
  }
  return [...methods.values()];
}
