/** Profile JSON, gzipped, of an earlier capture to compare with, and how it is called in the sentence. */
export interface Baseline {
  captureId: string;
  /** `baseline Tue 14:00, same image`. */
  label: string;
  profile: Buffer;
  /** The same of further captures in good health: what differs among them is no change. */
  further: readonly Buffer[];
}
