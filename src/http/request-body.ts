import type { Request, Response } from 'express';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Holding } from './body-budget.ts';
import { bodyTooLarge, RequestProblem } from './problem.ts';

/** The sender's next try, seconds; Alertmanager waits by its own back-off, from a second on. */
const retryAfterSeconds = 2;
/** How long a body may take; Alertmanager gives up after ten seconds by default, Grafana after thirty. */
const deadlineMs = 30_000;
/** A body may begin slowly for so long; then it must have come with `leastBytesPerSecond` on the average. */
const graceMs = 5_000;
/** A notification of 16 MiB in the deadline needs seventy times as much. */
const leastBytesPerSecond = 8 * 1024;
const checkMs = 500;
/** What is taken for a body's first bytes; an ordinary notification fits. */
const firstBytes = 4 * 1024;

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

interface Bounds {
  /** Largest body, unpacked, bytes. */
  most: number;
  /** What to do about one that is larger. */
  tooLargeRemedy: string;
  /** Opens a holding for it, released once the answer is sent. Default: none, where only token holders get so far. */
  open?: (giveUp: () => void) => Holding;
}

/**
 * The whole body, unpacked. Memory is taken for what has arrived and not for what was announced. Rejects with a
 * RequestProblem: 408 when it comes too slowly, 413 when it is too large, 503 when there is no room, 400 when it is
 * broken. What is left of it then is not read.
 */
export function readBody(
  request: Request,
  response: Response,
  { most, tooLargeRemedy, open }: Bounds,
): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced > most) throw bodyTooLarge(most, tooLargeRemedy);
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const decoder = encoding === 'identity' ? undefined : decoders[encoding];
  if (encoding !== 'identity' && decoder === undefined)
    throw new RequestProblem(
      415,
      'encoding-unsupported',
      'The content encoding is not supported.',
      'Send the body plain or gzipped.',
    );
  const expected = decoder === undefined && announced <= most ? announced : most;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const holding = open?.(() => stop(busy(response)));
  if (holding !== undefined) response.once('close', () => holding.release());

  const source: Readable = decoder === undefined ? request : decoder();
  const beganAt = performance.now();
  let onWire = 0;
  let length = 0;
  let kept = Buffer.alloc(0);
  const pace = setInterval(checkPace, checkMs);

  if (request.headers.expect !== undefined) response.writeContinue();
  request.on('data', countWire).once('close', broken);
  source.on('data', keep).once('end', end).once('error', unreadable);
  if (source !== request) request.pipe(source as NodeJS.ReadWriteStream & Readable);
  return promise;

  function countWire(chunk: Buffer): void {
    onWire += chunk.length;
    // Compressed data can go on for ever without a byte in it.
    if (onWire > most) stop(bodyTooLarge(most, tooLargeRemedy));
  }

  function keep(chunk: Buffer): void {
    const needed = length + chunk.length;
    if (needed > most) {
      stop(bodyTooLarge(most, tooLargeRemedy));
      return;
    }
    if (needed > kept.length) {
      const size = Math.max(needed, Math.min(expected, Math.max(firstBytes, kept.length * 2)));
      if (holding?.grow(size) === false) {
        stop(busy(response));
        return;
      }
      const larger = Buffer.allocUnsafeSlow(size);
      kept.copy(larger, 0, 0, length);
      kept = larger;
    }
    chunk.copy(kept, length);
    length = needed;
  }

  function checkPace(): void {
    const elapsedMs = performance.now() - beganAt;
    const least = (Math.max(0, elapsedMs - graceMs) / 1000) * leastBytesPerSecond;
    if (elapsedMs <= deadlineMs && onWire >= least) return;
    response.setHeader('Connection', 'close');
    stop(
      new RequestProblem(
        408,
        'body-slow',
        `The body arrived too slowly: ${onWire} bytes in ${Math.round(elapsedMs / 1000)} s.`,
        `Send it within ${deadlineMs / 1000} s and at ${leastBytesPerSecond / 1024} KiB/s or more.`,
      ),
    );
  }

  function end(): void {
    settle();
    holding?.arrived();
    resolve(kept.subarray(0, length));
  }

  function broken(): void {
    if (!request.readableEnded)
      stop(new RequestProblem(400, 'body-incomplete', 'The body arrived incomplete.', 'Send it again.'));
  }

  function unreadable(error: Error): void {
    stop(
      new RequestProblem(
        400,
        'request-malformed',
        `The body cannot be unpacked as ${encoding}: ${error.message}.`,
        'Check the Content-Encoding header and the body.',
      ),
    );
  }

  function stop(problem: RequestProblem): void {
    settle();
    kept = Buffer.alloc(0);
    reject(problem);
  }

  function settle(): void {
    clearInterval(pace);
    request.off('data', countWire).off('close', broken);
    source.off('data', keep).off('end', end).off('error', unreadable);
    if (source === request) return;
    request.unpipe();
    source.on('error', () => undefined).destroy();
    request.resume();
  }
}

/** 503, which Alertmanager and Grafana retry. */
function busy(response: Response): RequestProblem {
  response.setHeader('Retry-After', retryAfterSeconds);
  return new RequestProblem(
    503,
    'busy',
    'flamepin is busy with other notifications.',
    `Send it again in ${retryAfterSeconds} seconds.`,
  );
}
