/**
 * What is known of one label of an expression's result.
 * `value`: every row has it, with this value. `kept`: the expression names it, so rows have it wherever the series do.
 * `possible`: rows have it if the series do, and nothing says whether. `dropped`: no row has it.
 */
export type Fate =
  | { is: 'value'; value: string }
  | { is: 'kept'; oneOf?: readonly string[] }
  | { is: 'possible' }
  | { is: 'dropped' };

/** The labels that the rows of an expression have. */
export interface Shape {
  known: ReadonlyMap<string, Fate>;
  /** Every label that is not in `known`. */
  rest: 'possible' | 'dropped';
  /** The series that the rows are made of; empty: none, as with `vector(1)`. */
  series: readonly Series[];
  /** Where labels were lost on the way, the innermost first. */
  losses: readonly Loss[];
}

/** One matcher of a selector: `job=~"a|b"`. */
export interface SelectorMatcher {
  label: string;
  operator: '=' | '!=' | '=~' | '!~';
  value: string;
}

/** `http_requests_total{job="shop"}`. */
export interface Selector {
  /** null: it does not name its metric, or by a pattern. */
  metric: string | null;
  matchers: readonly SelectorMatcher[];
}

export interface Series {
  selector: Selector;
  /** The rows stand for series that are missing. */
  absent: boolean;
}

/** A part of the expression that drops labels. */
export interface Loss {
  by: 'by' | 'without' | 'everything' | 'on' | 'ignoring';
  /** `sum`, `/`. */
  operator: string;
  /** What its grouping or matching lists. */
  labels: readonly string[];
  /** The recording rule whose expression it is part of; undefined: the alerting rule's own. */
  record?: string;
  before: Pick<Shape, 'known' | 'rest'>;
  after: Pick<Shape, 'known' | 'rest'>;
}

export const dropped: Fate = { is: 'dropped' };
export const possible: Fate = { is: 'possible' };
export const kept: Fate = { is: 'kept' };

/** A row without labels, made of no series. */
export const bare: Shape = { known: new Map(), rest: 'dropped', series: [], losses: [] };

export function fateOf({ known, rest }: Pick<Shape, 'known' | 'rest'>, label: string): Fate {
  return known.get(label) ?? (rest === 'possible' ? possible : dropped);
}

/** `value` '' is a label that is not there. */
export const ofValue = (value: string): Fate => (value === '' ? dropped : { is: 'value', value });

export function withFates(shape: Shape, fates: Iterable<readonly [string, Fate]>): Shape {
  return { ...shape, known: new Map([...shape.known, ...fates]) };
}

/** `by (…)`: the listed labels stay. */
export function keepOnly(shape: Shape, labels: readonly string[]): Shape {
  const known = labels.map((label): [string, Fate] => {
    const fate = fateOf(shape, label);
    return [label, fate.is === 'possible' ? kept : fate];
  });
  return { ...shape, known: new Map(known), rest: 'dropped' };
}

/** `without (…)`: the listed labels go. */
export const drop = (shape: Shape, labels: readonly string[]): Shape =>
  withFates(
    shape,
    labels.map((label) => [label, dropped]),
  );

/** Rows of both sides that are equal in these labels: what is known of one side holds for the other. */
export function both(a: Fate, b: Fate): Fate {
  if (a.is === 'dropped' || b.is === 'dropped') return dropped;
  if (a.is === 'value') return a;
  if (b.is === 'value') return b;
  if (a.is === 'kept') return a;
  return b;
}

/** Rows of one side or of the other. */
export function either(a: Fate, b: Fate): Fate {
  if (a.is === 'dropped' && b.is === 'dropped') return dropped;
  if (a.is === 'value' && b.is === 'value')
    return a.value === b.value ? a : { is: 'kept', oneOf: [a.value, b.value] };
  const named = (fate: Fate): boolean => fate.is === 'value' || fate.is === 'kept';
  return named(a) && named(b) ? kept : possible;
}

/** Joins two shapes label by label. */
export function joined(a: Shape, b: Shape, join: (a: Fate, b: Fate) => Fate): Shape {
  const labels = new Set([...a.known.keys(), ...b.known.keys()]);
  const known = [...labels].map((label): [string, Fate] => [label, join(fateOf(a, label), fateOf(b, label))]);
  const rest = join({ is: a.rest }, { is: b.rest }).is === 'dropped' ? 'dropped' : 'possible';
  return {
    known: new Map(known),
    rest,
    series: [...a.series, ...b.series],
    losses: [...a.losses, ...b.losses],
  };
}

export const isLost = ({ before, after }: Loss, label: string): boolean =>
  fateOf(before, label).is !== 'dropped' && fateOf(after, label).is === 'dropped';
