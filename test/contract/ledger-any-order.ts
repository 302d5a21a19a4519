import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Ledger } from '../../src/captures/ledger.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { toCapture } from '../given/decision.ts';
import { must } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { leaseMs, minute, noon } from '../given/time.ts';

const limits = { total: 3, perNode: 1 };
const nodes = ['n1', 'n2', 'n3', 'n4'];

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('accept' as const), alerts: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'lease' as const,
        'admit' as const,
        'store' as const,
        'end' as const,
        'release' as const,
      ),
      owner: fc.constantFrom('a', 'b'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: leaseMs }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Two workers that do what they like, whether their lease holds or not. */
class Interleaving {
  readonly #ledger: Ledger;
  #now = noon;
  readonly #held = new Map<string, string>();
  readonly accepted: string[] = [];
  readonly admitted: string[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'accept': {
        const decisions = Array.from({ length: next.alerts }, (_, i) =>
          toCapture(`f${this.accepted.length + i}`, { deadlineAt: this.#now + 60 * minute }),
        );
        for (const { captureId } of await this.#ledger.accept(decisions, this.#now))
          this.accepted.push(must(captureId));
        return;
      }
      case 'wait':
        this.#now += next.ms;
        return;
      case 'sweep':
        await this.#ledger.sweep(this.#now);
        return;
      case 'lease': {
        const capture = await this.#ledger.lease(next.owner, this.#now, leaseMs);
        if (capture !== undefined) this.#held.set(next.owner, capture.id);
        return;
      }
      case 'admit':
      case 'store':
      case 'end':
      case 'release':
        return this.#work(next.do, next.owner);
    }
  }

  async #work(verb: 'admit' | 'store' | 'end' | 'release', owner: string): Promise<void> {
    const id = this.#held.get(owner);
    if (id === undefined) return;
    if (verb === 'release') {
      await this.#ledger.release(id, owner, this.#now);
      return;
    }
    if (verb === 'admit') {
      const node = must(nodes[this.accepted.indexOf(id) % nodes.length]);
      const admission = await this.#ledger.admit(id, owner, targetOn(node, id), limits, this.#now);
      if (admission.kind === 'admitted') this.admitted.push(id);
      return;
    }
    const { state } = must(await this.#ledger.get(id));
    if (verb === 'store' && state === 'capturing')
      await this.#ledger.spool(id, owner, Buffer.from(id), { state: 'storing' }, this.#now);
    if (verb === 'end' && state === 'storing')
      await this.#ledger.finishStoring(id, owner, { state: 'done' }, this.#now);
  }

  /** One patient worker brings everything to its end; fails when something cannot be reached. */
  async drain(): Promise<void> {
    this.#now += 2 * leaseMs;
    for (let round = 0; round < 20 * this.accepted.length; round++) {
      const capture = await this.#ledger.lease('a', this.#now, leaseMs);
      if (capture === undefined) {
        this.#now += 1;
        continue;
      }
      this.#held.set('a', capture.id);
      for (const verb of ['admit', 'store', 'end'] as const) await this.#work(verb, 'a');
      // As the real worker: what has to wait for a free place lets the others go first.
      await this.#ledger.release(capture.id, 'a', this.#now + this.accepted.length);
      this.#now += 1;
    }
  }
}

export function anyOrderOfEvents({ renewed }: LedgerUnderTest): void {
  describe('two workers in any order of events', () => {
    it('never go over the limits, start nothing twice and lose nothing', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          const ledger = await renewed();
          const interleaving = new Interleaving(ledger);
          for (const next of steps) {
            await interleaving.take(next);
            const running = await ledger.list({ states: ['capturing'], limit: 100 });
            assert.ok(running.length <= limits.total);
            assert.equal(new Set(running.map(({ target }) => target?.node)).size, running.length);
          }
          await interleaving.drain();
          const { accepted, admitted } = interleaving;
          assert.deepEqual(admitted.toSorted(), accepted.toSorted());
          for (const id of accepted) assert.equal((await ledger.get(id))?.state, 'done');
        }),
        { numRuns: 15 },
      );
    });
  });
}
