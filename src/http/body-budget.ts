/** Memory for one body, taken as the body grows and given back when its request has been answered. */
export interface Holding {
  /** Makes the holding this large in all, bytes; false: there is no room. */
  grow(bytes: number): boolean;
  /** The body is whole: it is about to be judged, and no longer gives way to others. */
  arrived(): void;
  release(): void;
}

interface Held {
  address: string;
  bytes: number;
  arriving: boolean;
  giveUp(): void;
}

/**
 * Memory for the bodies of one kind of sender, bytes. What a body has up to `allowance` is free, and bounded by the
 * number of connections: so small notifications never wait for large ones.
 *
 * With `pushesOut` the next body always finds room: of the address that holds most, the body that began first is given
 * up. This is for senders who can only be judged once the body is there: whoever fills the memory pushes out their own.
 */
export class BodyBudget {
  #left: number;
  readonly #allowance: number;
  readonly #pushesOut: boolean;
  /** In the order in which they began. */
  readonly #held = new Set<Held>();

  constructor(total: number, allowance: number, pushesOut: boolean) {
    this.#left = total;
    this.#allowance = allowance;
    this.#pushesOut = pushesOut;
  }

  /** `giveUp` is called when the body must make room for others; its memory counts as free from then on. */
  open(address: string, giveUp: () => void): Holding {
    const held: Held = { address, bytes: 0, arriving: true, giveUp };
    this.#held.add(held);
    return {
      grow: (bytes) => this.#grow(held, Math.max(0, bytes - this.#allowance)),
      arrived: () => (held.arriving = false),
      release: () => this.#release(held),
    };
  }

  #grow(held: Held, bytes: number): boolean {
    if (!this.#held.has(held)) return false;
    const more = bytes - held.bytes;
    while (more > this.#left) {
      const other = this.#pushesOut ? this.#worst(held) : undefined;
      if (other === undefined) return false;
      this.#release(other);
      other.giveUp();
    }
    this.#left -= more;
    held.bytes = bytes;
    return true;
  }

  #worst(asking: Held): Held | undefined {
    const sums = new Map<string, number>();
    for (const { address, bytes } of this.#held) sums.set(address, (sums.get(address) ?? 0) + bytes);
    let worst: Held | undefined;
    for (const held of this.#held) {
      if (held === asking || held.bytes === 0 || !held.arriving) continue;
      if (worst === undefined || (sums.get(held.address) ?? 0) > (sums.get(worst.address) ?? 0)) worst = held;
    }
    return worst;
  }

  #release(held: Held): void {
    if (this.#held.delete(held)) this.#left += held.bytes;
  }
}
