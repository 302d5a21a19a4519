import { parser } from '@prometheus-io/lezer-promql';

export type Node = ReturnType<typeof parser.parse>['topNode'];

/** Deeper than any rule that people write; each level is a call of the walk. */
const maxDepth = 200;
/** Prometheus itself takes more, but no rule is that long; UTF-16 units. */
const maxLength = 100_000;

/** The one expression of the text; null when it is not PromQL as Prometheus reads it. */
export function parseExpression(text: string): Node | null {
  if (text.length > maxLength) return null;
  const tree = parser.parse(text);
  let usable = true;
  let depth = 0;
  tree.iterate({
    enter: ({ type }) => {
      depth += 1;
      if (type.isError || depth > maxDepth) usable = false;
      return usable;
    },
    leave: () => {
      depth -= 1;
    },
  });
  return usable ? (partsOf(tree.topNode)[0] ?? null) : null;
}

/** The children of a node, comments left out. */
export function partsOf(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') found.push(child);
  return found;
}

/** The names in `(a, "b.c")`. */
export const labelsIn = (grouping: Node, text: string): string[] =>
  partsOf(grouping).map(({ from, to }) => unquoted(text.slice(from, to)));

/** A string literal → its text; a bare word stays as it is. Go's escapes, as far as rules have them. */
export function unquoted(written: string): string {
  const [quote] = written;
  if (quote === '`') return written.slice(1, -1);
  if (quote !== '"' && quote !== "'") return written;
  return written
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs,
      (_, byte: string | undefined, unit: string | undefined, one: string | undefined) => {
        const code = byte ?? unit;
        if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
        return escapes.get(one ?? '') ?? one ?? '';
      },
    );
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
]);
