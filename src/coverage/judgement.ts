import type { Panel } from '../alerts/panel.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';
import type { Reason } from '../reasons/failure.ts';
import type { LastMonth } from './firings.ts';
import type { Named } from './leads.ts';
import type { Origin } from './metric-origins.ts';
import type { AlertingRule } from './rules.ts';
import type { Shape } from './shape.ts';

/** The verdicts, in the order in which they are shown. */
export const verdicts = [
  /** Its alerts would be captured. */
  'captures',
  /** Their labels lead to a JVM, but no route takes them. */
  'no-route',
  /** Their labels do not lead to a JVM. */
  'no-target',
  /** Their labels lead where this flamepin does not go: another cluster, namespace or machine. */
  'elsewhere',
  /** The expression is not PromQL. */
  'unreadable',
  /** They are not about a JVM. */
  'not-a-jvm',
] as const;
export type Verdict = (typeof verdicts)[number];

export interface Judgement {
  rule: AlertingRule;
  verdict: Verdict;
  /** Why they are not captured; '' when they are. */
  why: string;
  /** The labels of its alerts; null: the expression cannot be read. */
  shape: Shape | null;
  /** Who writes its series; null: it has none. */
  origin: Origin | null;
  /** What the labels name; null: nothing. */
  target: (Named & { kind: TargetKind }) | null;
  /**
   * Of the target: `seen`: series of Prometheus have the labels. `certain`: the expression names the label that leads.
   * `assumed`: it does not, but series have it by custom.
   */
  certainty: 'seen' | 'certain' | 'assumed' | null;
  /** The route by which serve would capture them, also where no JVM is behind them; null: none. */
  route: { index: number; name: string | null } | null;
  /** What that route asks of labels whose values only the series know. */
  conditions: string[];
  event: CaptureEvent | null;
  panel: Panel | null;
  reason: Reason | null;
  /** The one change that makes them lead to the right JVM; null: none is needed, or known. */
  change: Change | null;
  /** Rows of the expression in Prometheus, and how many of them would be captured; null: not known. */
  rows: { seen: number; captured: number; more: boolean } | null;
  /** null: Prometheus was not asked. */
  lastMonth: LastMonth | null;
}

/** The one change to make. */
export interface Change {
  /** `keep-labels`: in the expression. `route`, `mapping`: in flamepin's configuration. */
  kind: 'keep-labels' | 'route' | 'mapping';
  /** What to do, in a sentence. Hostile text. */
  what: string;
}
