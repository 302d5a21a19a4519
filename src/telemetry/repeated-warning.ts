import type { Log } from '../captures/log.ts';

/** Minimum time between two lines about the same key, milliseconds. */
const quietMs = 10_000;
/** Keys tracked at once; further ones share a line. */
const maxKeys = 1_000;

/** For warnings that anybody can trigger at will: logs the first, then a count every ten seconds. */
export class RepeatedWarning {
  readonly #log: Log;
  readonly #message: string;
  readonly #pending = new Map<string, { times: number; fields: object }>();

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** `subject`: what counts as the same, such as an address. A summary has the fields of the latest one. */
  warn(subject: string, fields: object): void {
    const key = this.#pending.has(subject) || this.#pending.size < maxKeys ? subject : '';
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
