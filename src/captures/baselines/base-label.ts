import type { Capture } from '../capture.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const hour = 3600_000;
const day = 24 * hour;
/** Beyond this, a weekday is ambiguous. Milliseconds. */
const datesFrom = 6 * day;

/**
 * What a base is called in a comparison: `baseline Tue 14:00, same image`. When the images differ or are unknown, an age
 * of an hour or more is added: `baseline Tue 14:00, 3 days earlier, other image`. UTC. A sibling goes by its own name:
 * `sibling checkout-7d9f-abc, same window`.
 */
export function baseLabel(base: Capture, current: Capture): string {
  if (base.siblingOf?.captureId === current.id) return `sibling ${base.target?.name ?? ''}, same window`;
  if (current.siblingOf?.captureId === base.id) return `${base.target?.name ?? ''}, same window`;
  const age = startOf(current) - startOf(base);
  const iso = new Date(startOf(base)).toISOString();
  const date = Math.abs(age) < datesFrom ? days[new Date(startOf(base)).getUTCDay()] : iso.slice(0, 10);
  const { purpose } = base.request;
  const name = purpose === 'baseline' || purpose === 'sibling' ? purpose : 'capture';
  const images = [base.target?.image ?? null, current.target?.image ?? null];
  const known = images.every((each) => each !== null);
  const sameImage = images[0] === images[1];
  const apart =
    Math.abs(age) < hour || (known && sameImage)
      ? []
      : [`${ageWords(Math.abs(age))} ${age < 0 ? 'later' : 'earlier'}`];
  const image = !known ? [] : [sameImage ? 'same image' : 'other image'];
  return [`${name} ${date} ${iso.slice(11, 16)}`, ...apart, ...image].join(', ');
}

/** When its window began, milliseconds since the epoch; without a window, when it was requested. */
export function startOf({ timeline, alert }: Capture): number {
  return Date.parse(timeline.startedAt ?? timeline.receivedAt ?? alert.startsAt);
}

/** `5 h`, `3 days`: whole units, rounded down. */
function ageWords(ms: number): string {
  if (ms < day) return `${Math.floor(ms / hour)} h`;
  const whole = Math.floor(ms / day);
  return whole === 1 ? '1 day' : `${whole} days`;
}
