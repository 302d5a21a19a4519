import { collectorFrame, compilerFrame } from '../event-samples.ts';
import { knownWait } from '../known-waits.ts';
import type { ProfileEvent } from '../profile.ts';
import type { Activity } from '../wait-kind.ts';

/** Kinds of causes that call for different next steps. */
export const causeKinds = [
  'pool-exhausted',
  'database',
  'downstream',
  'sending',
  'lock',
  'sleep',
  'waiting',
  'file',
  'running',
  'mixed',
  'allocation',
  'collection',
  'compilation',
  'throttled',
  'machine-busy',
  'machine-used-up',
] as const;
export type CauseKind = (typeof causeKinds)[number];

const kindOfActivity: Record<Activity, CauseKind> = {
  running: 'running',
  lock: 'lock',
  sleep: 'sleep',
  'socket-read': 'downstream',
  'socket-write': 'sending',
  file: 'file',
  parked: 'waiting',
  // In the JVM itself, or in native code that nobody knows.
  waiting: 'mixed',
};

/**
 * What kind of cause a frame is.
 * @param frame its name for people, with dots.
 * @param activity what its wall samples mostly do; null when mixed, and for other events.
 */
export function causeKind(event: ProfileEvent, frame: string, activity: Activity | null): CauseKind {
  if (frame === collectorFrame) return 'collection';
  if (frame === compilerFrame) return 'compilation';
  switch (event) {
    case 'cpu':
      return 'running';
    case 'lock':
    case 'nativelock':
      return 'lock';
    case 'alloc':
    case 'live':
    case 'nativemem':
      return 'allocation';
    case 'wall': {
      const wait = knownWait(withSlashes(frame));
      if (wait === 'database') return activity === 'running' ? 'running' : 'database';
      if (wait !== null && activity !== 'running') return 'pool-exhausted';
      return activity === null ? 'mixed' : kindOfActivity[activity];
    }
  }
}

/** `com.acme.Pool.get` → `com/acme/Pool.get`, as in a profile. */
export function withSlashes(frame: string): string {
  const method = frame.lastIndexOf('.');
  return `${frame.slice(0, method).replaceAll('.', '/')}${frame.slice(method)}`;
}
