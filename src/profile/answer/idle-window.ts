import { displayName, isNameable, shortDisplayName } from '../comparison/changed-row.ts';
import type { EventSamples, FrameNames } from '../event-samples.ts';
import { isWaitForWork } from '../idle.ts';
import type { ProfileEvent } from '../profile.ts';
import { percent } from '../quantities.ts';

/** A window in which no thread was working, and what the threads wait in. */
export interface IdleWindow {
  headline: string;
  line: string;
}

const placesShown = 5;

/** @param all the samples of the event, all of which its figures would leave out. */
export function idleWindow(event: ProfileEvent, all: EventSamples, names: FrameNames): IdleWindow {
  const places = waitingPlaces(all, names)
    .slice(0, placesShown)
    .map(([frame, count]) => `${percent(count / all.samples)} in ${frame}`);
  const line = `They wait: ${places.join(', ')}.`;
  return event === 'lock'
    ? { headline: `lock: nothing waited for a lock (${all.samples} waits for other things)`, line }
    : { headline: `wall: no thread was working, all ${all.samples} samples show waiting threads`, line };
}

/** Where threads wait, by the frame that says most of it; most samples first. */
function waitingPlaces(all: EventSamples, names: FrameNames): [frame: string, samples: number][] {
  const placeOf = all.paths.map((path) => {
    const frame =
      path.findLast((one) => isWaitForWork(names.names[one]!)) ??
      path.findLast((one) => isNameable(names, one)) ??
      path.findLast((one) => names.kinds[one] === 'framework' || names.kinds[one] === 'jdk') ??
      path.at(-1);
    return frame === undefined ? '' : shortDisplayName(displayName(names, frame));
  });
  const sums = new Map<string, number>();
  for (const [row, path] of all.path.entries())
    sums.set(placeOf[path]!, (sums.get(placeOf[path]!) ?? 0) + all.count[row]!);
  return [...sums].filter(([place]) => place !== '').sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
