import { describeReason } from '../reasons/failure.ts';
import { finalStates, type Capture } from './capture.ts';

/** The capture in one line: its answer, the reason why there is none, or what it is doing. Plain text. */
export function outcomeSentence(capture: Capture): string {
  if (capture.answer !== null) return capture.answer.headline;
  if (capture.reason !== null) return describeReason(capture.reason).sentence;
  switch (capture.state) {
    case 'queued':
      return 'Waiting for its turn.';
    case 'resolving':
      return 'Looking for the JVM behind the alert.';
    case 'capturing':
      return `Profiling for ${capture.request.durationSeconds} s.`;
    default:
      return 'Reading and storing the recording.';
  }
}

export function isFinal(capture: Capture): boolean {
  return finalStates.some((state) => state === capture.state);
}

/** `HighLatency checkout`; without an alert, the purpose takes the alert's place: `baseline checkout`. */
export function captureTitle(capture: Capture): string {
  const asked =
    capture.request.purpose === 'alert'
      ? (capture.alert.labels['alertname'] ?? 'alert')
      : capture.request.purpose;
  return capture.target === null ? asked : `${asked} ${capture.target.workload}`;
}
