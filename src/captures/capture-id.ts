import { randomBytes } from 'node:crypto';

const digits = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new capture id: `c-`, 10 characters of time (milliseconds, Crockford base 32, as in a ULID) and 16 random
 * ones (80 bits), so that ids sort by time and cannot be guessed from one another.
 */
export function captureId(now: number): string {
  let time = '';
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32))
    time = digits.charAt(rest % 32) + time;
  const random = Array.from(randomBytes(16), (byte) => digits.charAt(byte % 32)).join('');
  return `c-${time}${random}`;
}
