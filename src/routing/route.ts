import type { FixedTarget } from '../alerts/fixed-target.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';
import type { TargetKind } from '../captures/target-kinds.ts';
import type { Matcher } from './matchers.ts';

/** The part of a configured route that routing needs. Times in milliseconds. */
export interface Route {
  /** For logs and `explain`. */
  name?: string | undefined;
  /** All must match; an empty list matches every alert. */
  matchers: readonly Matcher[];
  /** Lead event; by default the alert's name decides. */
  event?: CaptureEvent | undefined;
  duration: number;
  cooldown: number;
  target: {
    kind: TargetKind;
    /** RE2 over the command line; null: any JVM. */
    process: string | null;
    /** null: as the target's settings say. */
    sibling: boolean | null;
    /** What the route says about the target, with labels of the alert to fill in; the labels say the rest. */
    fixed?: FixedTarget | undefined;
  };
}

/** Where flamepin may go in Kubernetes, and whether it profiles a sibling there. */
export interface KubernetesScope {
  /** This cluster's name; without it the `cluster` label is ignored. */
  cluster?: string | undefined;
  /** Default: every namespace that the permissions allow. */
  namespaces?: readonly string[] | undefined;
  sibling: boolean;
}
