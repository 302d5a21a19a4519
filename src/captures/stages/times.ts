import type { Capture } from '../capture.ts';

/** When the alert arrived, milliseconds. */
export const receivedAt = (capture: Capture): number =>
  Date.parse(capture.timeline.receivedAt ?? capture.alert.startsAt);

export const iso = (ms: number): string => new Date(ms).toISOString();
