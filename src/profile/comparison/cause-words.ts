import { causeKind, withSlashes } from './cause-kind.ts';
import { shortDisplayName } from './changed-row.ts';
import type { EventSamples, FrameNames } from '../event-samples.ts';
import { knownWait } from '../known-waits.ts';
import type { ProfileEvent } from '../profile.ts';
import { percent, rate } from '../quantities.ts';
import { servesRequest } from '../request-frames.ts';
import type { Activity } from '../wait-kind.ts';

/** A share of an event in one place, for `causeWords`. */
export interface CauseShare {
  event: ProfileEvent;
  /** For people, with dots. */
  frame: string;
  mostly: string | null;
  calledBy: string | null;
  activity: Activity | null;
  /** 0 to 1. */
  share: number;
  /** In the event's unit per second. */
  rate: number;
}

/** What the shares of an event are shares of: `request time`, `CPU time`; of a part of it, `/checkout's CPU time`. */
export function subjectOf(
  event: ProfileEvent,
  samples: EventSamples,
  names: FrameNames,
  part: string,
): string {
  const of = part === '' ? '' : `${part}'s `;
  switch (event) {
    case 'wall':
      if (part !== '') return `${of}time`;
      return isMostlyRequests(samples, names) ? 'request time' : 'the time';
    case 'cpu':
      // Samplers of running threads and of other events do not count time.
      if (samples.unit === 'samples') return part === '' ? 'the sampled work' : `${of}sampled work`;
      return `${of}CPU time`;
    case 'alloc':
      return `${of}allocation`;
    case 'lock':
      return `${of}lock waiting`;
    case 'live':
      return `${of}live objects`;
    case 'nativemem':
      return `${of}native allocation`;
    case 'nativelock':
      return `${of}waiting for native locks`;
  }
}

/** `61% of request time waits for a pooled connection (HikariPool.getConnection, called by OrderRepository.find)`. */
export function causeWords(cause: CauseShare, subject: string): string {
  return `${percent(cause.share)} of ${subject} ${placeWords(cause)}`;
}

/** `13.4 threads blocked on average` for locks, whose seconds per second mean little to people; else the rate. */
export function amountWords({ event, rate: amount }: Pick<CauseShare, 'event' | 'rate'>): string {
  return event === 'lock' || event === 'nativelock'
    ? `${rate(amount, 'wall')} blocked on average`
    : rate(amount, event);
}

function placeWords({ event, frame, mostly, calledBy, activity }: CauseShare): string {
  const name = shortDisplayName(frame);
  const others =
    mostly !== null
      ? `, mostly ${shortDisplayName(mostly)}`
      : calledBy !== null
        ? `, called by ${shortDisplayName(calledBy)}`
        : '';
  switch (causeKind(event, frame, activity)) {
    case 'pool-exhausted': {
      const thing =
        knownWait(withSlashes(frame)) === 'pooled-connection' ? 'a pooled connection' : 'a pooled object';
      return `waits for ${thing} (${name}${others})`;
    }
    case 'database':
      return `waits for the database (${name}${others})`;
    case 'downstream':
      return `waits for an answer in ${name}${others}`;
    case 'sending':
      return `is spent sending in ${name}${others}`;
    case 'lock':
      return event === 'wall' ? `waits for a lock in ${name}${others}` : `is in ${name}${others}`;
    case 'sleep':
      return `is spent sleeping in ${name}${others}`;
    case 'waiting':
      return `waits in ${name}${others}`;
    case 'file':
      return `is spent on file I/O in ${name}${others}`;
    case 'running':
      return event === 'wall' ? `is spent running in ${name}${others}` : `is spent in ${name}${others}`;
    case 'allocation':
      return `is in ${name}${others}`;
    default:
      return `is spent in ${name}${others}`;
  }
}

/** At least half of the samples are within something that serves requests. */
function isMostlyRequests(samples: EventSamples, names: FrameNames): boolean {
  const serves = samples.paths.map((path) => path.some((frame) => servesRequest(names.names[frame]!)));
  let within = 0;
  for (const [row, path] of samples.path.entries()) if (serves[path]) within += samples.count[row]!;
  return within * 2 >= samples.samples && samples.samples > 0;
}
