interface Entry<T> {
  at: number;
  value: Promise<T>;
}

/**
 * Caches answers for a few seconds and merges concurrent requests: a notification with thirty alerts of one workload
 * costs one request to the API server.
 */
export class Recent<T> {
  readonly #keepMilliseconds: number;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(keepMilliseconds = 5_000, limit = 500) {
    this.#keepMilliseconds = keepMilliseconds;
    this.#limit = limit;
  }

  /** The cached answer, or that of `ask`. Failures are not cached. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const kept = this.#entries.get(key);
    if (kept !== undefined && now - kept.at < this.#keepMilliseconds) return kept.value;
    this.#entries.delete(key);
    // Insertion order is age: the first is the oldest.
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.#limit && oldest !== undefined) this.#entries.delete(oldest);
    const value = ask();
    const entry = { at: now, value };
    this.#entries.set(key, entry);
    value.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return value;
  }
}
