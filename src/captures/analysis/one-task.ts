import { Failure } from '../../reasons/failure.ts';
import type { ReasonCode } from '../../reasons/reasons.ts';

/** What a worker answers to each task. */
export type TaskAnswer<Result> = { result: Result } | { code: ReasonCode; detail: string };

/** The task of a worker that takes one at a time, and that is of no more use once it has hit a bound or ended. */
export class OneTask<Result> {
  readonly #stop: () => void;
  /** Set once the worker can take no more tasks. */
  #end: Failure | null = null;
  #waiting: PromiseWithResolvers<Result> | null = null;

  /** @param stop ends the worker */
  constructor(stop: () => void) {
    this.#stop = stop;
  }

  /** Whether the worker takes another task. */
  get usable(): boolean {
    return this.#end === null;
  }

  /** Rejects with the worker's own Failure, why it has ended, or `analysis-timeout`. */
  async ask(send: () => void, timeoutMs: number): Promise<Result> {
    if (this.#end !== null) throw this.#end;
    const waiting = Promise.withResolvers<Result>();
    this.#waiting = waiting;
    const timer = setTimeout(() => {
      this.end(new Failure('analysis-timeout', { detail: `after ${timeoutMs} ms` }));
    }, timeoutMs);
    try {
      send();
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  answered(answer: TaskAnswer<Result>): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new Failure(answer.code, { detail: answer.detail }));
  }

  /** The first reason counts. */
  end(reason: Failure): void {
    this.#end ??= reason;
    this.#waiting?.reject(this.#end);
    this.#waiting = null;
    this.#stop();
  }
}
