import PQueue from 'p-queue';
import type { CaptureRequest } from '../captures/capture.ts';
import type { AcceptedAlert, Ledger } from '../captures/ledger.ts';
import type { Log } from '../captures/log.ts';
import { describeFinding, lookAhead } from '../captures/stages/look-ahead.ts';
import type { Alert } from '../alerts/alert.ts';
import type { HostInventory } from '../alerts/host-inventory.ts';
import type { Configuration } from '../config/load.ts';
import { explainDecision } from '../routing/explain.ts';
import type { OpenTargets } from './open-targets.ts';
import { routingRules } from './routing-rules.ts';

interface Parts {
  targets: OpenTargets;
  ledger: Ledger;
  log: Log;
  /** How an alert would be captured; null: not at all. */
  requestOf: (alert: Alert) => CaptureRequest | null;
  /** How many may wait: as many as captures could. */
  most: number;
}

/** Looked for at once: this must not become the load on the API server. */
const atOnce = 2;

/**
 * Mode observe does everything but the capture: it looks for the target of each alert, which only reads, and writes into
 * the alert's reason what a capture would have found. What still waits when flamepin stops, or comes when too many wait,
 * keeps the reason without it.
 */
export class ObservedTargets {
  readonly #parts: Parts;
  readonly #queue = new PQueue({ concurrency: atOnce });
  readonly #stopping = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param accepted what the ledger recorded of them, in the same order */
  observe(alerts: readonly Alert[], accepted: readonly AcceptedAlert[]): void {
    const { log, most } = this.#parts;
    const observed = alerts.filter((_, at) => accepted[at]?.outcome === 'observed');
    const room = Math.max(0, most - this.#queue.size);
    for (const alert of observed.slice(0, room)) this.#take(alert);
    const left = observed.length - room;
    if (left > 0) log.warn({ alerts: left }, 'too many observed alerts: their targets are not looked for');
  }

  async stop(): Promise<void> {
    this.#queue.clear();
    this.#stopping.abort();
    await this.#queue.onIdle();
  }

  #take(alert: Alert): void {
    this.#queue
      .add(() => this.#look(alert))
      .catch((error: unknown) => {
        const { fingerprint } = alert;
        this.#parts.log.error({ err: error, fingerprint }, 'cannot record what would have been profiled');
      });
  }

  async #look(alert: Alert): Promise<void> {
    const { targets, ledger, log, requestOf } = this.#parts;
    const { signal } = this.#stopping;
    const request = requestOf(alert);
    if (request === null) return;
    const finding = await lookAhead({ alert, request }, (kind) => targets.get(kind), signal);
    if (signal.aborted) return;
    const detail = describeFinding(finding);
    await ledger.explainObserved(alert, detail);
    log.info({ fingerprint: alert.fingerprint, result: finding.result, detail }, 'alert observed');
  }
}

/** null: captures are made. */
export function openObservedTargets(
  configuration: Configuration,
  { inventory, ...parts }: Pick<Parts, 'targets' | 'ledger' | 'log'> & { inventory: HostInventory | null },
): ObservedTargets | null {
  if (configuration.mode !== 'observe') return null;
  return new ObservedTargets({
    ...parts,
    requestOf: (alert) => explainDecision(alert, routingRules(configuration, inventory)).request,
    most: configuration.limits.queue,
  });
}
