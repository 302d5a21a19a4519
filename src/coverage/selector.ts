import { partsOf, unquoted, type Node } from '../alerts/promql.ts';
import {
  dropped,
  kept,
  ofValue,
  possible,
  type Fate,
  type Selector,
  type SelectorMatcher,
  type Shape,
} from './shape.ts';

const operators: Readonly<Record<string, SelectorMatcher['operator']>> = {
  EqlSingle: '=',
  Neq: '!=',
  EqlRegex: '=~',
  NeqRegex: '!~',
};

/** @param node a VectorSelector */
export function readSelector(node: Node, text: string): Selector {
  const slice = ({ from, to }: Node): string => text.slice(from, to);
  const identifier = node.getChild('Identifier');
  let metric = identifier === null ? null : slice(identifier);
  const matchers: SelectorMatcher[] = [];
  for (const part of partsOf(node.getChild('LabelMatchers') ?? node)) {
    // Prometheus 3: `{"http.requests"}`.
    if (part.name === 'QuotedLabelName') metric = unquoted(slice(part));
    const [label, sign, value] = partsOf(part);
    const operator = operators[sign?.firstChild?.name ?? ''];
    if (label === undefined || value === undefined || operator === undefined) continue;
    matchers.push({ label: unquoted(slice(label)), operator, value: unquoted(slice(value)) });
  }
  const named = matchers.find(({ label, operator }) => label === '__name__' && operator === '=');
  return {
    metric: metric ?? named?.value ?? null,
    matchers: matchers.filter(({ label }) => label !== '__name__'),
  };
}

/** The rows of a selector: every label of its series, of which its matchers say something. */
export function shapeOfSelector(selector: Selector, absent = false): Shape {
  const known = new Map<string, Fate>();
  for (const matcher of selector.matchers) {
    const fate = fateBy(matcher);
    const before = known.get(matcher.label);
    if (before === undefined || rank[fate.is] > rank[before.is]) known.set(matcher.label, fate);
  }
  known.set('__name__', dropped);
  return { known, rest: 'possible', series: [{ selector, absent }], losses: [] };
}

/** Of two matchers of one label, the one that says more holds. */
const rank = { possible: 0, kept: 1, value: 2, dropped: 3 } as const;

function fateBy({ operator, value }: SelectorMatcher): Fate {
  switch (operator) {
    case '=':
      return ofValue(value);
    case '!=':
      return value === '' ? kept : possible;
    case '!~':
      return matchesNothing(value) ? kept : possible;
    case '=~': {
      const alternatives = literals(value);
      if (alternatives === null) return matchesNothing(value) ? possible : kept;
      const [only] = alternatives;
      if (alternatives.length === 1 && only !== undefined) return ofValue(only);
      return alternatives.includes('') ? possible : { is: 'kept', oneOf: alternatives };
    }
  }
}

/** `a|b` → both; null when it is more than a list of literal values. */
function literals(pattern: string): string[] | null {
  const inner = /^\(([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  return /^[\w /:@%,-]*(?:\|[\w /:@%,-]*)*$/.test(inner) ? inner.split('|') : null;
}

/** Whether a pattern that is more than literals may match the empty string, by its usual forms. */
const matchesNothing = (pattern: string): boolean =>
  pattern === '' || /^\^?\(?\.\*\)?\$?$/.test(pattern) || pattern.split('|').includes('');
