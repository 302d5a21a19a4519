import type { ReasonCode } from '../reasons/reasons.ts';
import type { CaptureRequest } from './capture.ts';

export type CaptureStage = 'resolve' | 'start' | 'collect' | 'analyse' | 'store';

/** What the worker reports about its work; implemented by the metrics. */
export interface CaptureObserver {
  stage(stage: CaptureStage, seconds: number): void;
  firstSample(seconds: number): void;
  ended(
    purpose: CaptureRequest['purpose'],
    outcome: 'done' | 'skipped' | 'failed',
    reason: ReasonCode | null,
    atMs: number,
  ): void;
  delivered(result: 'begun' | 'finished' | 'retry' | 'failed', reason: ReasonCode | null): void;
  harmed(): void;
}
