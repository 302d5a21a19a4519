import type { Reason } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import type { Target } from './target.ts';
import type { Capture, CaptureRequest, CaptureState, Timeline } from './capture.ts';
import type { Alert, AlertOutcome } from '../alerts/alert.ts';
import type { Panel } from '../alerts/panel.ts';
import type { MadeArtifact } from '../artifacts/artifact.ts';

/**
 * The ledger: alerts, captures, leases, deadlines, spool, deliveries, blocks and cron runs. The capture row is
 * the queue. Contract suite: test/contract/ledger.ts. All methods are durable when they return; a full disk
 * throws a Failure `ledger-full`. Times are milliseconds since the epoch by flamepin's clock, passed in.
 */
export interface Ledger {
  /**
   * One notification, one transaction. For each alert: a resolved one closes its episode (sets alertResolvedAt on
   * its captures); one seen before, by (source, fingerprint, startsAt), is `duplicate`, also when it comes twice in
   * the same notification, and it reopens an episode that had been closed: it fires again; a decided outcome is recorded as it is; one to be captured is checked against the
   * cooldown of `workloadKey` and, when that has passed, becomes a queued capture; within it, it names the earlier one.
   * An alert that ended as `paused`, `observed`, `unrouted`, `unmappable` or `not-here` is not a duplicate when it comes again:
   * no capture came of it, and another configuration may decide otherwise.
   */
  accept(decisions: readonly AlertDecision[], now: number): Promise<AcceptedAlert[]>;

  /** Writes what a capture would have found into the reason of an alert that ended as `observed`; of another it does nothing. */
  explainObserved(alert: Pick<Alert, 'source' | 'fingerprint' | 'startsAt'>, detail: string): Promise<void>;

  /**
   * The next capture that is due, leased to `owner` until now + leaseMs, oldest first; undefined when there is none.
   * `owner` names one worker, not one process: writes are fenced by it alone. `work` narrows it, so that a store that
   * hangs delays no window, and captures that wait for it delay no new ones: captures whose recording is spooled and that
   * the store has not rejected yet (`store`), those that it has (`store again`), or all others (`profile`). While paused,
   * captures that have not started are not leased. One whose record cannot be read is leased too, with what can be read
   * and its `flaw`, so that its target is cleaned and its end recorded. A queued capture whose
   * target is not known yet is `resolving` while it is leased; given back, cut off or freed it is `queued` again.
   */
  lease(owner: string, now: number, leaseMs: number, work?: CaptureWork): Promise<LeasedCapture | undefined>;
  /** Keeps a lease alive. False: it was lost (another owner, or final); stop working on it. */
  renew(id: string, owner: string, now: number, leaseMs: number): Promise<boolean>;
  /** Ends the lease; the capture is due again at `dueAt`, and its attempts go up by one. False: the lease was lost. */
  release(id: string, owner: string, dueAt: number): Promise<boolean>;

  /**
   * After resolving, in one transaction: block, cooldown by the workload, total and per-node limits. `admitted`
   * stores the target and moves to `capturing` with the intent to start. `wait`: limits are full, or a session of
   * another capture may still run in this very target, also of one that has ended; try later.
   * `refused`: it has been skipped with this reason, with a delivery unless it was the cooldown. `lost`: the lease was
   * lost, or it was admitted before. Only captures of the same purpose count for a cooldown.
   */
  admit(id: string, owner: string, target: Target, limits: CaptureLimits, now: number): Promise<Admission>;

  /**
   * Queues the capture of a sibling and records it in the original capture, in one transaction: same alert, event and
   * duration, target known, never annotated. False: the lease was lost, the window is over, or
   * there is a sibling already.
   */
  addSibling(id: string, owner: string, sibling: NewSibling, now: number): Promise<boolean>;

  /**
   * Stores changed fields of a leased capture, and its new state. False: the lease was lost. Moving to a final
   * state ends the lease; with `deliver` the annotation's delivery row becomes due in the same transaction.
   */
  advance(id: string, owner: string, change: CaptureChange, now: number): Promise<boolean>;

  /** Recording bytes between collecting and storing; written in the same transaction as the change that ends the window. */
  spool(
    id: string,
    owner: string,
    recording: Uint8Array,
    change: CaptureChange,
    now: number,
  ): Promise<boolean>;
  /** Undefined when nothing is spooled, or only the files made from the recording. */
  readSpool(id: string): Promise<Buffer | undefined>;
  /**
   * Size of the spooled recording in bytes, without reading it; 0 when nothing is spooled, or only the files made from
   * it.
   */
  spoolSize(id: string): Promise<number>;
  /**
   * Replaces the spooled recording with the files made from it, in one transaction with the change: every later attempt
   * stores these same files without reading the recording again.
   */
  keepFiles(id: string, owner: string, made: MadeFiles, change: CaptureChange, now: number): Promise<boolean>;
  readFiles(id: string): Promise<MadeFiles | undefined>;
  /**
   * Ends storing: applies the change and clears the spool, in one transaction. As the store evidently works, every
   * capture that waits for it is due now.
   */
  finishStoring(id: string, owner: string, change: CaptureChange, now: number): Promise<boolean>;
  /**
   * By hand: makes the spool of one capture, or of all, due now. Resolves to the captures concerned, including those
   * being stored right now.
   */
  storeNow(id: string | null, now: number): Promise<string[]>;
  /** What waits to be stored. */
  spooled(): Promise<Spooled>;

  /** The next annotation that is due: its capture, `begin` or `finish`, and how often it was tried. */
  leaseDelivery(owner: string, now: number, leaseMs: number): Promise<Delivery | undefined>;
  /** Records the result. `retry` keeps it due at `dueAt`; after `begun` it stays open for the finish. */
  settleDelivery(id: string, owner: string, result: DeliveryResult, now: number): Promise<boolean>;

  get(id: string): Promise<Capture | undefined>;
  list(filter: CaptureFilter): Promise<Capture[]>;
  /**
   * The newest alert with this fingerprint, of whatever outcome, and the newest capture of it or of its earlier episodes:
   * a `resolved` and a cooldown do not hide the profile.
   */
  findAlert(fingerprint: string): Promise<SeenAlert | undefined>;

  /**
   * Each second: past-deadline queued captures are skipped (`deadline-passed`, with a delivery; a sibling with
   * `sibling-late`), those that were cut off too often even for an orderly end fail with `capture-given-up`, and
   * expired leases are freed (the state stays; the worker decides by state and session). When the spool holds more than
   * its limit, the oldest captures in it end with `spool-full` until it fits. Returns what it changed.
   */
  sweep(now: number): Promise<{ ended: Capture[]; freed: string[] }>;
  /**
   * The clock behind `now` jumps by `step` milliseconds (back when negative): pending times move with it, so that
   * everything waits as long as it would have. Times of past events stay. `now`: before the step.
   */
  shift(step: number, now: number): Promise<void>;
  /**
   * Captures whose window ended within the last five minutes and that are still watched for harm; of one that failed
   * in its window, the planned end counts.
   */
  watches(now: number): Promise<Capture[]>;
  /**
   * Records harm to a target and makes the delivery due again. Blocks its image (or workload), unless `blocks` is
   * false: then the target was stopped on purpose. Harm to a sibling that blocks is recorded on the original capture too.
   */
  recordHarm(id: string, harm: string, now: number, blocks?: boolean): Promise<void>;
  blocks(): Promise<Block[]>;
  releaseBlock(key: string): Promise<boolean>;

  /** Of final captures older than `before` without artifacts, keeps only what the page of an expired capture shows. */
  expire(before: { captures: number; alerts: number }): Promise<number>;
  /** Removes artifacts from a capture after they were deleted from the store. */
  dropArtifacts(id: string, keys: readonly string[]): Promise<void>;
  /** True for exactly one caller per (job, fireTime). */
  claimCronRun(job: string, fireTime: number): Promise<boolean>;

  /** Paused: alerts are recorded as `paused`. Durable. */
  setPaused(paused: boolean): Promise<void>;
  paused(): Promise<boolean>;
  /**
   * Rejects when writes would be refused, above all with `ledger-lost`: the next start would not find what is written
   * now. Every write checks this itself before it is acknowledged.
   */
  ready(): Promise<void>;
  counts(): Promise<Record<CaptureState, number> & { deliveriesDue: number }>;
  close(): Promise<void>;
}

export type LeasedCapture = Capture & {
  /** How often this stage was released or cut off by a crash before; 0 the first time. */
  attempts: number;
  /** How many of those were cut off: flamepin died, froze, or failed without recording it. */
  cutOffs: number;
  /** Why part of its record is unreadable; those fields are null or empty. null: everything was read. */
  flaw: Reason | null;
};

/**
 * Cut-offs of one stage after which the ledger itself ends a capture; where there is a recording to store, it is set aside
 * for ten minutes instead. Far more than the worker allows (cut-off.ts): this is for captures where ending them is what fails.
 */
export const maxCutOffs = 10;

export type CaptureWork = 'profile' | 'store' | 'store again';

/** The files made from a recording, and how its capture ends once they are stored. */
export interface MadeFiles {
  files: MadeArtifact[];
  outcome: Pick<Capture, 'state' | 'reason' | 'answer' | 'partial'>;
}

export interface Spooled {
  captures: number;
  bytes: number;
  /** Beyond this the oldest are given up. */
  limitBytes: number;
}

/** What routing decided for one alert, before the ledger has seen it. */
export type AlertDecision =
  | {
      alert: Alert;
      outcome: Exclude<AlertOutcome, 'queued' | 'duplicate' | 'cooldown' | 'resolved'>;
      reason: Reason;
    }
  | { alert: Alert; outcome: 'resolved' }
  | {
      alert: Alert;
      outcome: 'queued';
      /** New id, from captureId(). */
      id: string;
      request: CaptureRequest;
      panel: Panel | null;
      /** Cooldown key from labels alone, before the target is known. */
      workloadKey: string;
      /** Skipped with `deadline-passed` when still queued by then. */
      deadlineAt: number;
      /** How many captures may wait; more are `skipped` with `queue-full`, and their alerts `ignored`. */
      queueLimit: number;
    };

/** A healthy target to be profiled alongside another. */
export interface NewSibling {
  /** New id, from captureId(). */
  id: string;
  target: Target;
  /** Skipped with `sibling-late` when still queued by then. */
  deadlineAt: number;
}

export interface AcceptedAlert {
  fingerprint: string;
  outcome: AlertOutcome;
  captureId?: string;
  reason?: Reason;
}

export interface CaptureLimits {
  total: number;
  perNode: number;
}

export type Admission =
  /** With the timeline so far: target resolved, start sent. */
  | { kind: 'admitted'; timeline: Timeline }
  | { kind: 'wait' }
  | { kind: 'refused'; reason: Reason }
  | { kind: 'lost' };

export type CaptureChange = Partial<
  Pick<
    Capture,
    | 'state'
    | 'reason'
    | 'target'
    | 'session'
    | 'answer'
    | 'partial'
    | 'artifacts'
    | 'panel'
    | 'storeRetry'
    | 'uncleaned'
  >
> & {
  timeline?: Partial<Capture['timeline']>;
  /** Makes the annotation's delivery due now: `begin` at the window's start, `finish` with the answer or at the end. */
  deliver?: 'begin' | 'finish';
  /**
   * Until when its session may run and holds its slot in the limits, milliseconds since the epoch; null: it has ended
   * (its recording was collected) or never began. Otherwise the slot is kept, even beyond the end of the capture.
   */
  slotUntil?: number | null;
};

export interface Delivery {
  capture: Capture;
  want: 'begin' | 'finish';
  attempts: number;
  /** How many of those were cut off: flamepin died or failed halfway. */
  cutOffs: number;
}

export type DeliveryResult =
  | { kind: 'begun' | 'finished'; annotationId: number | null }
  | { kind: 'retry'; dueAt: number; reason: Reason }
  | { kind: 'failed'; reason: Reason }
  /** No annotation is wanted: no annotator is configured, or the capture has no alert. */
  | { kind: 'none' };

export interface CaptureFilter {
  /** Exactly this one. */
  workload?: string;
  /** Those whose name contains this, in whatever case (of A to Z). */
  workloadPart?: string;
  /** Those whose alert's name contains this; of a capture without an alert, what it was taken for. */
  alertPart?: string;
  /**
   * Those that contain this in the sentence, in workload or target, in a label of the alert, or in the code of the
   * reason; or that ended for one of these reasons.
   */
  text?: { part: string; reasons: readonly ReasonCode[] };
  states?: readonly CaptureState[];
  /** Only captures older than this id (paging), newest first. */
  before?: string;
  since?: number;
  until?: number;
  purpose?: CaptureRequest['purpose'];
  image?: string;
  limit: number;
}

export interface SeenAlert {
  alert: Alert;
  outcome: AlertOutcome;
  reason: Reason | null;
  receivedAt: number;
  capture: Capture | null;
}

export interface Block {
  /** Image digest, or workload where the image is unknown. */
  key: string;
  captureId: string;
  reason: string;
  since: number;
}
