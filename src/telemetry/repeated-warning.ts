import type { Log } from '../captures/log.ts';

/** Least time between two lines about the same thing, milliseconds. */
const quietMs = 10_000;
/** Things that are remembered at once; more share one line. */
const maxKeys = 1_000;

/** What anybody can cause as often as they like is logged at once, then counted and summed up every ten seconds. */
export class RepeatedWarning {
  readonly #log: Log;
  readonly #message: string;
  readonly #pending = new Map<string, { times: number; fields: object }>();

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** `thing`: what counts as the same, such as an address. Of a sum the fields are those of the last time. */
  warn(thing: string, fields: object): void {
    const key = this.#pending.has(thing) || this.#pending.size < maxKeys ? thing : '';
    const known = this.#pending.get(key);
    if (known !== undefined) {
      known.times += 1;
      known.fields = fields;
      return;
    }
    this.#log.warn({ ...fields, times: 1 }, this.#message);
    this.#pending.set(key, { times: 0, fields });
    this.#summariseLater(key);
  }

  #summariseLater(key: string): void {
    setTimeout(() => {
      const { times = 0, fields = {} } = this.#pending.get(key) ?? {};
      this.#pending.delete(key);
      if (times === 0) return;
      this.#log.warn({ ...fields, times }, this.#message);
      this.#pending.set(key, { times: 0, fields });
      this.#summariseLater(key);
    }, quietMs).unref();
  }
}
