/** Prometheus durations: whole numbers with units, largest first, each at most once: `5m`, `1h30m`, `90s`, `250ms`. */

const pattern =
  /^(?:(?<y>\d+)y)?(?:(?<w>\d+)w)?(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$/;
const second = 1000;
const day = 24 * 3600 * second;
/** A year is 365 days, as in Prometheus (model/time.go). */
const units: Readonly<Record<string, number>> = {
  y: 365 * day,
  w: 7 * day,
  d: day,
  h: 3600 * second,
  m: 60 * second,
  s: second,
  ms: 1,
};

/** Milliseconds, or undefined when the text is no duration. `0` needs no unit, as in Prometheus. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined || text === '') return undefined;
  let total = 0;
  for (const [unit, count] of Object.entries(groups)) total += Number(count ?? 0) * (units[unit] ?? 0);
  return Number.isSafeInteger(total) ? total : undefined;
}

/** Milliseconds → the shortest Prometheus duration; years and weeks are not used, for `90d` reads better than `12w6d`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = milliseconds;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = units[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
