import { z } from 'zod';
import { type Capture } from '../../captures/capture.ts';
import type { AcceptedAlert, AlertDecision } from '../../captures/ledger.ts';
import type { Reason } from '../../reasons/failure.ts';
import { isoTime, newCapture } from '../capture-change.ts';
import { insertCapture, readCapture, saveCapture } from './capture-rows.ts';
import type { Database } from './database.ts';
import { makeDue, makeDueAgain } from './deliveries.ts';
import { alertOutcomes, type Alert, type AlertOutcome } from '../../alerts/alert.ts';

type QueuedDecision = Extract<AlertDecision, { outcome: 'queued' }>;

const seenSchema = z.object({
  outcome: z.enum(alertOutcomes),
  capture_id: z.string().nullable(),
  resolved_at: z.number().nullable(),
});
const episodeSchema = z.object({
  starts_at: z.string(),
  outcome: z.enum(alertOutcomes),
  capture_id: z.string().nullable(),
});
const cooldownSchema = z.object({ id: z.string(), cooldown_from: z.number() });
const countSchema = z.object({ count: z.number() });

/** One notification, inside the caller's transaction. */
export class Acceptance {
  readonly #database: Database;
  readonly #now: number;
  /** Alerts of this notification so far: a repeat is a duplicate, whatever became of the first. */
  readonly #seen = new Set<string>();
  /** Waiting captures, counted once and then kept up to date: 10,000 alerts may arrive together. */
  #waiting: number | undefined;

  constructor(database: Database, now: number) {
    this.#database = database;
    this.#now = now;
  }

  accept(decision: AlertDecision): AcceptedAlert {
    if (decision.outcome === 'resolved') return this.#resolve(decision);
    const { alert } = decision;
    const seen = this.#database.one(
      seenSchema,
      'SELECT outcome, capture_id, resolved_at FROM alerts WHERE source = ? AND fingerprint = ? AND starts_at = ?',
      alert.source,
      alert.fingerprint,
      alert.startsAt,
    );
    const identity = JSON.stringify([alert.source, alert.fingerprint, alert.startsAt]);
    const again = this.#seen.has(identity);
    this.#seen.add(identity);
    if (seen !== undefined && (again || !canBeDecidedAgain(seen))) {
      if (isClosed(seen)) this.#reopen(decision, seen);
      return this.#duplicate(decision, seen);
    }
    return decision.outcome === 'queued'
      ? this.#queue(decision)
      : this.#record(decision, decision.outcome, decision.reason);
  }

  /** Fires again with the same start: it never ended, or a replica had lost sight of it. */
  #reopen(decision: AlertDecision, seen: z.infer<typeof seenSchema>): void {
    const { source, fingerprint, startsAt } = decision.alert;
    this.#database.run(
      `UPDATE alerts SET resolved_at = NULL, received_at = ?
       WHERE source = ? AND fingerprint = ? AND starts_at = ?`,
      this.#now,
      source,
      fingerprint,
      startsAt,
    );
    if (seen.outcome !== 'cooldown') this.#setResolved(seen.capture_id, null);
  }

  /** On the capture, if there is one, and then in its mark. Returns its id. */
  #setResolved(id: string | null, alertResolvedAt: string | null): string | undefined {
    const capture = id === null ? undefined : readCapture(this.#database, id);
    if (capture === undefined) return undefined;
    const changed: Capture = { ...capture, alertResolvedAt };
    saveCapture(this.#database, changed);
    makeDueAgain(this.#database, changed, this.#now);
    return capture.id;
  }

  #duplicate(decision: AlertDecision, seen: z.infer<typeof seenSchema>): AcceptedAlert {
    const { source, fingerprint, startsAt } = decision.alert;
    this.#database.run(
      'UPDATE alerts SET seen_at = ? WHERE source = ? AND fingerprint = ? AND starts_at = ?',
      this.#now,
      source,
      fingerprint,
      startsAt,
    );
    return {
      fingerprint,
      outcome: 'duplicate',
      reason: { code: 'duplicate-alert', detail: `The first time it was ${seen.outcome}.` },
      ...(seen.capture_id === null ? {} : { captureId: seen.capture_id }),
    };
  }

  #queue(decision: QueuedDecision): AcceptedAlert {
    const cooldown = this.#cooldown(decision);
    if (cooldown !== undefined)
      return this.#record(decision, 'cooldown', cooldown.reason, cooldown.captureId);
    const capture = newCapture(decision, this.#now);
    this.#waiting ??=
      this.#database.one(
        countSchema,
        `SELECT count(*) AS count FROM captures WHERE unfinished = 1 AND state IN ('queued', 'resolving')`,
      )?.count ?? 0;
    if (this.#waiting >= decision.queueLimit) return this.#refuseFull(decision, capture, this.#waiting);
    this.#waiting += 1;
    this.#insert(capture, decision);
    return this.#record(decision, 'queued', null, capture.id);
  }

  /** It passed route, duplicate and cooldown, so it gets a skipped capture and an annotation with the reason. */
  #refuseFull(decision: QueuedDecision, capture: Capture, waiting: number): AcceptedAlert {
    const reason: Reason = { code: 'queue-full', detail: `${waiting} captures wait.` };
    const skipped: Capture = { ...capture, state: 'skipped', reason };
    this.#insert(makeDue(this.#database, skipped, 'finish', this.#now), decision);
    return this.#record(decision, 'ignored', reason, capture.id);
  }

  #insert(capture: Capture, decision: QueuedDecision): void {
    insertCapture(this.#database, capture, {
      workloadKey: decision.workloadKey,
      createdAt: this.#now,
      deadlineAt: decision.deadlineAt,
    });
  }

  #cooldown({ request, workloadKey }: QueuedDecision): { reason: Reason; captureId: string } | undefined {
    if (request.cooldownSeconds === 0) return undefined;
    const earlier = this.#database.one(
      cooldownSchema,
      `SELECT id, cooldown_from FROM captures WHERE workload_key = ? AND purpose = ? AND cooldown_from > ?
       ORDER BY cooldown_from DESC LIMIT 1`,
      workloadKey,
      request.purpose,
      this.#now - request.cooldownSeconds * 1000,
    );
    if (earlier === undefined) return undefined;
    const detail = `${earlier.id} at ${isoTime(earlier.cooldown_from)}`;
    return { reason: { code: 'cooldown', detail }, captureId: earlier.id };
  }

  #record(
    { alert }: AlertDecision,
    outcome: AlertOutcome,
    reason: Reason | null,
    captureId: string | null = null,
  ): AcceptedAlert {
    this.#database.run(
      `INSERT INTO alerts (source, fingerprint, starts_at, data, outcome, reason, capture_id, received_at, seen_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET data = excluded.data, outcome = excluded.outcome, reason = excluded.reason,
         capture_id = excluded.capture_id, received_at = excluded.received_at, seen_at = excluded.seen_at`,
      alert.source,
      alert.fingerprint,
      alert.startsAt,
      JSON.stringify(alert),
      outcome,
      reason === null ? null : JSON.stringify(reason),
      captureId,
      this.#now,
      this.#now,
    );
    return {
      fingerprint: alert.fingerprint,
      outcome,
      ...(captureId === null ? {} : { captureId }),
      ...(reason === null ? {} : { reason }),
    };
  }

  /**
   * Closes every episode of the alert that began before its end: replicas of Prometheus or Alertmanager may disagree
   * about startsAt, and a late `resolved` must not close an episode that began after it.
   */
  #resolve(decision: AlertDecision): AcceptedAlert {
    const { alert } = decision;
    const endsAt = Math.min(timeOf(alert.endsAt) ?? this.#now, this.#now);
    const reason: Reason = { code: 'alert-resolved', detail: '' };
    const open = this.#database
      .all(
        episodeSchema,
        'SELECT starts_at, outcome, capture_id FROM alerts WHERE source = ? AND fingerprint = ? AND resolved_at IS NULL',
        alert.source,
        alert.fingerprint,
      )
      .filter(
        (episode) => episode.starts_at === alert.startsAt || (timeOf(episode.starts_at) ?? 0) <= endsAt,
      );
    let captureId: string | undefined;
    for (const episode of open) {
      this.#close(alert.source, alert.fingerprint, episode.starts_at, endsAt);
      // A cooldown names the capture of an earlier episode, or of another alert.
      if (episode.outcome === 'cooldown') captureId ??= episode.capture_id ?? undefined;
      else captureId = this.#setResolved(episode.capture_id, isoTime(endsAt)) ?? captureId;
    }
    if (!open.some((episode) => episode.starts_at === alert.startsAt))
      this.#recordUnseen(decision, reason, endsAt);
    return {
      fingerprint: alert.fingerprint,
      outcome: 'resolved',
      reason,
      ...(captureId === undefined ? {} : { captureId }),
    };
  }

  /** A `resolved` that overtook its `firing`, or whose firing never arrived: should it still come, it is over. */
  #recordUnseen(decision: AlertDecision, reason: Reason, endsAt: number): void {
    const { source, fingerprint, startsAt } = decision.alert;
    const known = this.#database.one(
      seenSchema,
      'SELECT outcome, capture_id, resolved_at FROM alerts WHERE source = ? AND fingerprint = ? AND starts_at = ?',
      source,
      fingerprint,
      startsAt,
    );
    if (known === undefined) this.#record(decision, 'resolved', reason);
    this.#close(source, fingerprint, startsAt, endsAt);
  }

  #close(source: string, fingerprint: string, startsAt: string, endsAt: number): void {
    this.#database.run(
      `UPDATE alerts SET seen_at = ?, resolved_at = coalesce(resolved_at, ?)
       WHERE source = ? AND fingerprint = ? AND starts_at = ?`,
      this.#now,
      endsAt,
      source,
      fingerprint,
      startsAt,
    );
  }
}

/** The reason of an observed alert, with what a capture would have found. */
export function explainObserved(
  database: Database,
  { source, fingerprint, startsAt }: Pick<Alert, 'source' | 'fingerprint' | 'startsAt'>,
  detail: string,
): void {
  const reason: Reason = { code: 'observe-mode', detail: detail.slice(0, 2000) };
  database.run(
    `UPDATE alerts SET reason = ? WHERE source = ? AND fingerprint = ? AND starts_at = ? AND outcome = 'observed'`,
    JSON.stringify(reason),
    source,
    fingerprint,
    startsAt,
  );
}

/** These led to no capture, and may be decided otherwise next time: after a resume or with another configuration. */
const openOutcomes = [
  'paused',
  'observed',
  'unrouted',
  'unmappable',
  'not-here',
] as const satisfies AlertOutcome[];

/** One that was never seen firing stays closed: what comes late is over. */
function isClosed(seen: z.infer<typeof seenSchema>): boolean {
  return seen.resolved_at !== null && seen.outcome !== 'resolved';
}

function canBeDecidedAgain(seen: z.infer<typeof seenSchema>): boolean {
  return seen.resolved_at === null && openOutcomes.some((outcome) => outcome === seen.outcome);
}

function timeOf(iso: string | null): number | undefined {
  const ms = iso === null ? NaN : Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms;
}
