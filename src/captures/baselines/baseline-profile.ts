/** What a capture is compared with: an earlier profile (JSON, gzipped) and what sentences call it. */
export interface Baseline {
  captureId: string;
  /** `baseline Tue 14:00, same image`. */
  label: string;
  profile: Buffer;
  /** More healthy profiles: what varies among them is noise. */
  further: readonly Buffer[];
}
