import type { ProfileEvent } from './profile.ts';

/** Figures as sentences write them. */

/** 0.2837 → `28%`; below one percent `0.4%`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${Math.abs(value) > 0 && Math.abs(value) < 0.95 ? value.toFixed(1) : value.toFixed(0)}%`;
}

/** 0.27 → `+27`, −0.05 → `−5`; with half the width of its interval, `+27 ±2 pp`. */
export function points(delta: number, low: number, high: number): string {
  const reach = Math.max(1, Math.round(((high - low) / 2) * 100));
  return `${delta < 0 ? '−' : '+'}${Math.abs(delta * 100).toFixed(0)} ±${reach} pp`;
}

/** What a rate is of; `samples` where nothing says what one sample stands for. */
export type RateUnit = ProfileEvent | 'samples';

/**
 * A frame's rate before and now, with the 95 % interval of the difference where there is one:
 * `0.020 → 0.160 cores (+0.110 to +0.170)`.
 */
export function rateChange(row: {
  event: ProfileEvent;
  unrated?: boolean | undefined;
  baseCores: number;
  currentCores: number;
  deltaCoresLow?: number | undefined;
  deltaCoresHigh?: number | undefined;
}): string {
  const { baseCores, currentCores, deltaCoresLow, deltaCoresHigh } = row;
  const event = rowUnit(row);
  const both = rates(baseCores, currentCores, event);
  if (deltaCoresLow === undefined || deltaCoresHigh === undefined) return both;
  const signs = [deltaCoresLow, deltaCoresHigh].map((value) => (value < 0 ? '−' : '+'));
  const [low, high] = [Math.abs(deltaCoresLow), Math.abs(deltaCoresHigh)].map((value) =>
    rateParts(value, event),
  );
  const unit = rateParts(currentCores, event).unit;
  const words = [low!, high!].map((part, index) => {
    const figure = `${signs[index]}${part.number}`;
    return part.unit === unit ? figure : `${figure} ${part.unit}`;
  });
  return `${both} (${words.join(' to ')})`;
}

/** A rate of an event in its unit: `0.157 cores`, `3.2 threads`, `48 MB/s`, `0.31 s/s`, `31 samples/s`. */
export function rate(value: number, event: RateUnit): string {
  const { number, unit } = rateParts(value, event);
  return `${number} ${unit}`;
}

/** `0.003 → 0.157 cores`: the unit once when both have the same. */
export function rates(before: number, after: number, event: RateUnit): string {
  const from = rateParts(before, event);
  const to = rateParts(after, event);
  return from.unit === to.unit
    ? `${from.number} → ${to.number} ${to.unit}`
    : `${from.number} ${from.unit} → ${to.number} ${to.unit}`;
}

/** What the rates of a row of a comparison are of. */
export function rowUnit({
  event,
  unrated,
}: {
  event: ProfileEvent;
  unrated?: boolean | undefined;
}): RateUnit {
  return unrated === true ? 'samples' : event;
}

function rateParts(value: number, event: RateUnit): { number: string; unit: string } {
  switch (event) {
    case 'cpu':
      return { number: significant(value), unit: 'cores' };
    case 'wall':
      return { number: significant(value), unit: 'threads' };
    case 'samples':
      return { number: significant(value), unit: 'samples/s' };
    case 'lock':
    case 'nativelock':
      return { number: significant(value), unit: 's/s' };
    case 'alloc':
    case 'live':
    case 'nativemem': {
      const steps = ['B/s', 'kB/s', 'MB/s', 'GB/s'];
      let step = 0;
      let left = value;
      while (left >= 1000 && step < steps.length - 1) {
        left /= 1000;
        step++;
      }
      return { number: significant(left), unit: steps[step] ?? 'B/s' };
    }
  }
}

/** Three decimals below one, two digits above: samples support no more. */
function significant(value: number): string {
  if (value === 0) return '0';
  if (value < 0.0005) return '0.000';
  if (value < 0.2) return value.toFixed(3);
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return value.toFixed(0);
}
