import type { ReasonCode } from '../reasons/reasons.ts';

/** Reasons not to profile: nothing was touched, so the capture is `skipped`. */
const decidedAgainst: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'cooldown',
  'deadline-passed',
  'sibling-late',
  'queue-full',
  'other-cluster',
  'not-here',
  'no-target-labels',
  'target-blocked',
  'workload-alerting',
  'target-not-found',
  'target-ambiguous',
  'target-not-running',
  'target-restarted',
  'target-denied',
  'target-only-replica',
  'not-a-jvm',
  'sigquit-not-caught',
  'attach-disabled',
  'other-user',
  'tmp-not-writable',
  'tmp-noexec',
  'tmp-full',
  'foreign-profiler',
  'target-stopped',
  'target-frozen',
  'threads-full',
  'descriptors-full',
  'file-size-limited',
  'jvm-starting',
  'shell-unsupported',
  'memory-low',
  'no-shell',
  'architecture-unknown',
  'host-key-unknown',
  'target-kind-unsupported',
]);

/** Ends without a mark on the panel: what is shown there is not about the alert, or another flamepin shows it. */
export const endsSilently = (code: ReasonCode): boolean => code === 'not-here';

/** `skipped` when flamepin decided against the capture, `failed` when it tried and could not. */
export function endState(code: ReasonCode): 'skipped' | 'failed' {
  return decidedAgainst.has(code) ? 'skipped' : 'failed';
}
