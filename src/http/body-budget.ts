import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { RequestProblem } from './problem.ts';

/** The sender's next try; Alertmanager waits by its own back-off, from a second on. */
const retryAfterSeconds = 2;

/**
 * Admits bodies to memory while they fit into `atOnce` of the largest, `largest` bytes each, until their answer is
 * sent; else 503, which Alertmanager and Grafana repeat. Counted in bytes, so that a storm of small notifications
 * passes; a body that does not say its length, or is compressed, counts as the largest.
 */
export function bodyBudget(largest: number, atOnce: number): RequestHandler {
  let left = largest * atOnce;
  return (request, response, next) => {
    const needed = Math.min(largest, sizeOf(request) ?? largest);
    if (needed > left) {
      response.setHeader('Retry-After', retryAfterSeconds);
      throw new RequestProblem(
        503,
        'busy',
        'Other notifications are being read.',
        `Send it again in ${retryAfterSeconds} seconds.`,
      );
    }
    left -= needed;
    response.once('close', () => (left += needed));
    next();
  };
}

/** Bytes that the body takes in memory; undefined when the headers do not say. */
function sizeOf({ headers }: IncomingMessage): number | undefined {
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = headers;
  return length === undefined || encoding !== 'identity' ? undefined : Number(length);
}
