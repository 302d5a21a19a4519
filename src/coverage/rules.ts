/** One alerting rule, wherever it was read. All text in it is hostile. */
export interface AlertingRule {
  name: string;
  group: string;
  /** For people: `shop.yaml:12`. */
  place: string;
  expression: string;
  /** As written, with templates. */
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Who evaluates it, and so who sends its alerts. */
  sender: 'alertmanager' | 'grafana';
}

/** A recording rule: what its metric is made of. */
export interface RecordingRule {
  name: string;
  expression: string;
  labels: Readonly<Record<string, string>>;
}

export interface Rules {
  alerting: AlertingRule[];
  recording: RecordingRule[];
}

/** Of all inputs together: the largest installations have some thousands. */
export const maxRules = 20_000;

export const noRules = (): Rules => ({ alerting: [], recording: [] });
