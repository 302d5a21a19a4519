import type { Capture } from './capture.ts';

/** Annotates a panel. Posting twice for one capture and stage leaves one annotation. Contract suite: test/contract/annotator.ts. */
export interface Annotator {
  /**
   * Creates the annotation at the window's start: "profiling … for 30 s". Resolves to its id. Rejects with a Failure:
   * grafana-unavailable (retryable), grafana-denied, grafana-rejected, panel-not-found, panel-unknown.
   */
  begin(capture: Capture, signal: AbortSignal): Promise<number>;
  /**
   * Creates or updates the final annotation: a region with answer and link, or the reason why there is none. For a
   * capture that has its answer but is not final yet: the answer, and that the flame graph will follow.
   */
  finish(capture: Capture, signal: AbortSignal): Promise<number>;
}
