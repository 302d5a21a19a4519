import type { Profile, ProfileEvent } from '../profile/profile.ts';

/** Numbers as people read them; the same on the page and in SVG. English, UTC. */

/** `1234567` → `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Share 0 to 1 → `61%`, `3.4%`, `<0.1%`. */
export function shareText(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0%';
  if (percent < 0.1) return '<0.1%';
  return percent < 10 ? `${percent.toFixed(1)}%` : `${percent.toFixed(0)}%`;
}

/** Difference of shares → `▲ +58.2`, `▼ −3.0`, in percentage points. */
export function pointsText(delta: number): string {
  const points = Math.abs(delta * 100).toFixed(1);
  return delta > 0 ? `▲ +${points}` : delta < 0 ? `▼ −${points}` : '± 0.0';
}

/**
 * A rate as the event's unit tells it: cores for cpu, threads for wall, bytes per second, or seconds of waiting
 * per second. null: the recording does not say.
 */
export function rateText(event: ProfileEvent, perSecond: number | null): string {
  if (perSecond === null) return 'rate unknown';
  switch (event) {
    case 'cpu':
      return `${significant(perSecond)} cores`;
    case 'wall':
      return `${significant(perSecond)} threads`;
    case 'lock':
    case 'nativelock':
      return perSecond > 0 && perSecond < 0.1
        ? `${significant(perSecond * 1000)} ms/s`
        : `${significant(perSecond)} s/s`;
    case 'alloc':
    case 'live':
    case 'nativemem':
      return `${bytesText(perSecond)}/s`;
  }
}

/** `210 MB`, decimal units. */
function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value.toFixed(0) : significant(value)} ${units[unit]!}`;
}

/** A weight of one node, in the unit of the event. */
export function weightText(event: ProfileEvent, weight: number): string {
  switch (event) {
    case 'cpu':
    case 'wall':
      return `${countText(weight)} samples`;
    case 'lock':
    case 'nativelock':
      return secondsText(weight / 1e9);
    case 'alloc':
    case 'live':
    case 'nativemem':
      return bytesText(weight);
  }
}

function secondsText(seconds: number): string {
  return seconds < 1 ? `${significant(seconds * 1000)} ms` : `${significant(seconds)} s`;
}

/** Three significant digits, without an exponent; what is there is never 0. */
function significant(value: number): string {
  if (value === 0) return '0';
  if (value < 0.001) return '<0.001';
  if (value >= 100) return countText(value);
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(3);
}

/** `2026-03-01 02:14:07–02:14:37 UTC`; folded stacks tell no time and have none. */
export function windowText(profile: Pick<Profile, 'startedAt' | 'durationSeconds'>): string {
  if (profile.startedAt === 0) return 'time unknown';
  const start = new Date(profile.startedAt).toISOString();
  const end = new Date(profile.startedAt + profile.durationSeconds * 1000).toISOString();
  return `${start.slice(0, 10)} ${start.slice(11, 19)}–${end.slice(11, 19)} UTC`;
}
