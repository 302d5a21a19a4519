import type { Request, Response } from 'express';
import type { Log } from '../captures/log.ts';
import { RepeatedWarning } from '../telemetry/repeated-warning.ts';
import { shareOf } from './connections.ts';
import { RequestProblem } from './problem.ts';

/** Wrong secrets of one address in a window; a receiver that was set up wrongly sends a few a minute. */
const most = 100;
const windowMs = 60_000;
/** Addresses that are counted at once; the one that began longest ago is forgotten first. */
const mostAddresses = 10_000;

/**
 * Tells the operator of wrong secrets, and answers whoever shows many with 429. It never decides about a right one:
 * that is looked for first, so nobody is locked out by others behind the same proxy. What keeps a secret from being
 * guessed is its length.
 */
export class WrongSecrets {
  readonly #warning: RepeatedWarning;
  /** By address, in the order in which their windows began. */
  readonly #counts = new Map<string, { count: number; beganAt: number }>();

  constructor(log: Log) {
    this.#warning = new RepeatedWarning(log, 'wrong or missing secret');
  }

  /** Counts and logs a 401; the problem to answer with. */
  judge(request: Request, response: Response, problem: RequestProblem): RequestProblem {
    if (problem.status !== 401) return problem;
    const address = shareOf(request.socket.remoteAddress);
    this.#warning.warn(address, { address, path: request.path.slice(0, 200), detail: problem.message });
    const at = performance.now();
    const known = this.#counts.get(address);
    const count = known !== undefined && at - known.beganAt < windowMs ? known.count + 1 : 1;
    if (known !== undefined && count > 1) known.count = count;
    else {
      this.#counts.delete(address);
      this.#counts.set(address, { count, beganAt: at });
      const [oldest] = this.#counts.keys();
      if (this.#counts.size > mostAddresses && oldest !== undefined) this.#counts.delete(oldest);
    }
    if (count <= most) return problem;
    response.setHeader('Retry-After', windowMs / 1000);
    return new RequestProblem(
      429,
      'too-many-wrong-secrets',
      `This address sent more than ${most} wrong secrets in a minute.`,
      'Give the sender the right secret: it is accepted at any time.',
    );
  }
}
