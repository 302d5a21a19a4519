import { labelName, prometheusLabels, type PodLabels } from './pod-labels.ts';

/**
 * An alert's PromQL expression → the same by pod and without its threshold: one value per pod, where the alert saw only
 * the sum or the quantile. Works on tokens, without a full parser: where that fails (a recording rule that dropped the
 * pod), the result has no pod labels and the pod is chosen another way.
 */

export interface ByPod {
  query: string;
  /** Whether the alert fires on large values; a threshold from below (`< 1`) looks for the smallest. */
  largest: boolean;
}

const aggregations = new Set(
  'sum avg max min count group stddev stdvar quantile topk bottomk count_values limitk limit_ratio'.split(
    ' ',
  ),
);
/** null when the expression cannot be split into tokens, or holds an `or`/`unless` whose sides mean different things. */
export function byPod(expression: string, scheme: PodLabels = prometheusLabels): ByPod | null {
  const tokens = tokensOf(expression);
  if (tokens === null) return null;
  const { kept, largest } = withoutThreshold(tokens);
  if (kept.some((token) => token === 'unless' || token === 'or')) return null;
  return {
    query: brokenDown(kept, [scheme.pod, scheme.namespace, ...scheme.beside].map(labelName)).join(' '),
    largest,
  };
}

/** Strings whole, names, numbers with units, operators; white space and comments dropped. */
function tokensOf(text: string): string[] | null {
  const pattern =
    /\s+|#[^\n]*|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[A-Za-z_:][\w:]*|\d[\w.]*|\.\d[\w.]*|[=!]~|[=!<>]=|[-+*/%^<>=(){}[\],:@])/y;
  const tokens: string[] = [];
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return null;
    if (match[1] !== undefined) tokens.push(match[1]);
  }
  return tokens;
}

/** Drops a comparison with a number at the outermost level, and parentheses around the whole. */
function withoutThreshold(tokens: readonly string[]): { kept: string[]; largest: boolean } {
  let kept = [...tokens];
  while (kept[0] === '(' && closing(kept, 0) === kept.length - 1) kept = kept.slice(1, -1);
  let depth = 0;
  for (const [position, token] of kept.entries()) {
    if ('([{'.includes(token)) depth++;
    else if (')]}'.includes(token)) depth--;
    else if (depth === 0 && /^(?:<|>|<=|>=|==|!=)$/.test(token)) {
      const threshold = kept.slice(position + 1);
      const plain = threshold.every((each) => /^(?:[\d.][\w.]*|[-+*/()])$/.test(each));
      if (plain) return { kept: kept.slice(0, position), largest: !token.startsWith('<') };
      return { kept, largest: true };
    }
  }
  return { kept, largest: true };
}

function brokenDown(tokens: readonly string[], wantedLabels: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    const next = tokens[at + 1];
    const aggregates = aggregations.has(token) && (next === '(' || next === 'by' || next === 'without');
    if ((token === 'by' || token === 'on') && next === '(') {
      const end = closing(tokens, at + 1);
      const labels = tokens.slice(at + 2, end).filter((each) => each !== ',');
      out.push(token, '(', [...new Set([...labels, ...wantedLabels])].join(', '), ')');
      at = end;
    } else if (token === 'without' && next === '(') {
      const end = closing(tokens, at + 1);
      const labels = tokens.slice(at + 2, end).filter((each) => each !== ',' && !wantedLabels.includes(each));
      out.push(token, '(', labels.join(', '), ')');
      at = end;
    } else if (aggregates && next === '(' && !groupedBehind(tokens, at + 1)) {
      out.push(token, `by (${wantedLabels.join(', ')})`);
    } else out.push(token);
  }
  return out;
}

/** `sum(x) by (pod)`: the grouping may follow the parentheses. */
function groupedBehind(tokens: readonly string[], open: number): boolean {
  const behind = tokens[closing(tokens, open) + 1];
  return behind === 'by' || behind === 'without';
}

/** Where the bracket that opens at `open` closes; the end when it does not. */
function closing(tokens: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if ('([{'.includes(token)) depth++;
    else if (')]}'.includes(token) && --depth === 0) return at;
  }
  return tokens.length;
}
