import type { Capture } from './capture.ts';

/** Marks a panel. Posting twice for one capture and stage leaves one mark. Contract suite: test/contract/annotator.ts. */
export interface Annotator {
  /**
   * Makes the mark at the window's start: "profiling … for 30 s". Resolves to its id. Rejects with a Failure:
   * grafana-unavailable (retryable), grafana-denied, grafana-rejected, panel-not-found, panel-unknown.
   */
  begin(capture: Capture, signal: AbortSignal): Promise<number>;
  /**
   * Makes or turns the mark into its final form: region with answer and link, or the reason why there is none. Of a
   * capture that is not final yet but has its answer: the answer, and that its flame graph is still to come.
   */
  finish(capture: Capture, signal: AbortSignal): Promise<number>;
}
