import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { notificationOf } from '../setup/flamepin-client.ts';

/** What flamepin said of one alert, each time it acknowledged it. */
export interface AcknowledgedAlert {
  fingerprint: string;
  startsAt: Date;
  service: string;
  outcomes: string[];
  captureIds: Set<string>;
}

const answerSchema = z.object({
  alerts: z.array(z.looseObject({ outcome: z.string(), captureId: z.string().optional() })).length(1),
});

/** As long as Alertmanager itself would wait for an answer, milliseconds. */
const answerMs = 10_000;
const againMs = 200;

export interface SenderParts {
  /** Where flamepin listens now; undefined while it does not. */
  url(): string | undefined;
  services: readonly string[];
  random: (below: number) => number;
  /** Captures that have not ended; no new alert is sent while there are more than a few. */
  open(): number;
}

/** New alerts are held back above this, so that none is skipped for its deadline alone. */
const mostOpen = 8;

/**
 * Sends alerts as Alertmanager does: new ones, the same again, and resolved ones, each again and again until it is
 * acknowledged, whoever is killed meanwhile.
 */
export class AlertSender {
  readonly acknowledged = new Map<string, AcknowledgedAlert>();
  readonly counts = { fresh: 0, repeated: 0, resolved: 0, unanswered: 0 };
  readonly #stopping = new AbortController();
  readonly #parts: SenderParts;
  readonly #loops: Promise<void>[];
  #next = 0;

  /** Starts sending over `connections` connections at once. */
  constructor(parts: SenderParts, connections: number) {
    this.#parts = parts;
    this.#loops = Array.from({ length: connections }, () => this.#send());
  }

  /** Notifications on their way now. */
  inFlight = 0;

  /** Ends once what was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #send(): Promise<void> {
    const { random } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      const known = [...this.acknowledged.values()];
      const old = known[known.length - 1 - random(Math.min(20, known.length))];
      const kind = random(10);
      if (old === undefined || kind < 5) {
        if (this.#parts.open() < mostOpen) await this.#fresh();
      } else if (kind < 8) {
        await this.#deliver(old, 'firing');
        this.counts.repeated++;
      } else {
        await this.#deliver(old, 'resolved');
        this.counts.resolved++;
      }
      await sleep(100 + random(400));
    }
  }

  async #fresh(): Promise<void> {
    const { random, services } = this.#parts;
    const fingerprint = (this.#next++).toString(16).padStart(16, '0');
    const service = services[random(services.length)] ?? '';
    const alert = {
      fingerprint,
      service,
      startsAt: new Date(),
      outcomes: [],
      captureIds: new Set<string>(),
    };
    await this.#deliver(alert, 'firing');
    this.acknowledged.set(fingerprint, alert);
    this.counts.fresh++;
  }

  /** Until it is acknowledged: that flamepin was killed before its answer came is no excuse. */
  async #deliver(alert: AcknowledgedAlert, status: 'firing' | 'resolved'): Promise<void> {
    const body = notificationOf(alert.fingerprint, { service: alert.service }, status, alert.startsAt);
    for (;;) {
      const answer = await this.#post(body);
      if (answer !== undefined) {
        const [told] = answer.alerts;
        alert.outcomes.push(told?.outcome ?? '');
        if (told?.captureId !== undefined) alert.captureIds.add(told.captureId);
        return;
      }
      this.counts.unanswered++;
      await sleep(againMs);
    }
  }

  async #post(body: string): Promise<z.infer<typeof answerSchema> | undefined> {
    const url = this.#parts.url();
    if (url === undefined) return undefined;
    this.inFlight++;
    try {
      const response = await fetch(`${url}/webhooks/alertmanager`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
        signal: AbortSignal.timeout(answerMs),
      });
      const text = await response.text();
      if (response.ok) return answerSchema.parse(JSON.parse(text));
      if (response.status !== 503) throw new Error(`an alert was refused with ${response.status}: ${text}`);
      return undefined;
    } catch (error) {
      // The connection broke, or no answer came in time: the sender knows no more than that.
      if (error instanceof TypeError || error instanceof DOMException) return undefined;
      throw error;
    } finally {
      this.inFlight--;
    }
  }
}
