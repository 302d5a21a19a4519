/** What came of an attack: the figures, and each bound that did not hold. */
export interface AttackResult {
  measured: string;
  broken: string[];
}

/** One thing that somebody may do to flamepin or through it to a JVM, and what must hold meanwhile. */
export interface Attack {
  name: string;
  /** What must hold, in words, with its numbers. */
  bound: string;
  /** It mostly waits: others may be measured at the same time. */
  waits?: true;
  run(): Promise<AttackResult>;
}

/** Collects what was measured and what of it was out of bounds. */
export class Findings {
  readonly #measured: string[] = [];
  readonly #broken: string[] = [];

  note(measured: string): void {
    this.#measured.push(measured);
  }

  /** A figure that may be `most` at most. */
  atMost(what: string, value: number, most: number, unit: string): void {
    const said = `${what} ${Math.round(value)} ${unit}`;
    this.#measured.push(said);
    if (!(value <= most)) this.#broken.push(`${said}, at most ${most} ${unit}`);
  }

  must(holds: boolean, otherwise: string): void {
    if (!holds) this.#broken.push(otherwise);
  }

  result(): AttackResult {
    return { measured: this.#measured.join('; '), broken: this.#broken };
  }
}
