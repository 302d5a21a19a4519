import type { CaptureEvent } from '../profile/capture-event.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import type { Matcher } from './matchers.ts';

/** One route as routing reads it; the configuration's own has more. Times in milliseconds. */
export interface Route {
  /** For logs and `explain`. */
  name?: string | undefined;
  /** All must match; an empty list matches every alert. */
  matchers: readonly Matcher[];
  /** Lead event; without one the alert's name decides. */
  event?: CaptureEvent | undefined;
  duration: number;
  cooldown: number;
  target: {
    kind: TargetKind;
    /** RE2 over the command line; null: whatever JVM is there. */
    process: string | null;
    /** null: as the target's settings say. */
    sibling: boolean | null;
  };
}

/** Where flamepin may go in Kubernetes, and whether it profiles a sibling there. */
export interface KubernetesScope {
  /** This cluster's name; without one the `cluster` label is not looked at. */
  cluster?: string | undefined;
  /** Without them: every namespace that the rights allow. */
  namespaces?: readonly string[] | undefined;
  sibling: boolean;
}
