/**
 * The tables, one entry per schema version: entry 0 makes version 1. An entry is never changed once released; a new
 * version appends one. Times are milliseconds since the epoch; JSON columns hold what src/captures/capture.ts
 * describes. Columns that repeat something in the JSON are generated from it, so that the two cannot differ.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE captures (
    -- Order of arrival: the queue's order.
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    data TEXT NOT NULL,
    state TEXT NOT NULL GENERATED ALWAYS AS (data ->> '$.state') STORED,
    unfinished INTEGER NOT NULL GENERATED ALWAYS AS (data ->> '$.state' NOT IN ('done', 'skipped', 'failed')) STORED,
    purpose TEXT NOT NULL GENERATED ALWAYS AS (data ->> '$.request.purpose') STORED,
    workload TEXT GENERATED ALWAYS AS (data ->> '$.target.workload') STORED,
    node TEXT GENERATED ALWAYS AS (data ->> '$.target.node') STORED,
    image TEXT GENERATED ALWAYS AS (data ->> '$.target.image') STORED,
    artifacts INTEGER NOT NULL GENERATED ALWAYS AS (json_array_length(data, '$.artifacts')) STORED,
    -- ISO, UTC, as Date.toISOString writes it: sorts as text. A window whose end nobody saw, because its target died
    -- in it, ended as planned: that target is the first to be watched for harm.
    window_ended_at TEXT GENERATED ALWAYS AS (coalesce(
      data ->> '$.timeline.windowEndedAt',
      strftime('%Y-%m-%dT%H:%M:%fZ', data ->> '$.timeline.startedAt',
        (data ->> '$.request.durationSeconds') || ' seconds'))) STORED,
    harmed INTEGER NOT NULL GENERATED ALWAYS AS (data ->> '$.harm' IS NOT NULL) STORED,
    workload_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    -- When the intent to start was written; null: never started.
    admitted_at INTEGER,
    -- What the cooldown of the label key counts from; null: a capture that ended without a start holds nobody back.
    cooldown_from INTEGER,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    compacted INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX captures_queue ON captures (seq, due_at, lease_until) WHERE unfinished = 1;
  CREATE INDEX captures_state ON captures (state, node) WHERE unfinished = 1;
  CREATE INDEX captures_label_cooldown ON captures (workload_key, purpose, cooldown_from);
  CREATE INDEX captures_workload_cooldown ON captures (workload, purpose, admitted_at);
  CREATE INDEX captures_workload ON captures (workload, id);
  -- Counting and listing by state or purpose, without the rows themselves.
  CREATE INDEX captures_by_state ON captures (state, id, purpose);
  CREATE INDEX captures_by_purpose ON captures (purpose, state, id);
  CREATE INDEX captures_watch ON captures (window_ended_at) WHERE harmed = 0;
  CREATE INDEX captures_expiry ON captures (compacted, created_at) WHERE unfinished = 0;

  CREATE TABLE alerts (
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    data TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    capture_id TEXT,
    received_at INTEGER NOT NULL,
    -- Moved on by every repeat, so that an alert that fires for months is not forgotten and taken for a new one.
    seen_at INTEGER NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (source, fingerprint, starts_at)
  ) STRICT;
  CREATE INDEX alerts_fingerprint ON alerts (fingerprint, received_at);
  CREATE INDEX alerts_expiry ON alerts (seen_at);

  CREATE TABLE spool (
    capture_id TEXT PRIMARY KEY REFERENCES captures (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    recording BLOB NOT NULL
  ) STRICT;

  CREATE TABLE deliveries (
    capture_id TEXT PRIMARY KEY REFERENCES captures (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    want TEXT NOT NULL,
    -- Null: nothing to do until the capture asks again.
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Counts what was asked for; differing from what a lease saw means that the mark is out of date again.
    revision INTEGER NOT NULL DEFAULT 0,
    leased_revision INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;

  CREATE TABLE blocks (
    key TEXT PRIMARY KEY,
    capture_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE cron_runs (
    job TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    PRIMARY KEY (job, fire_time)
  ) STRICT;

  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Once a recording has been read, the files made of it stand in its place: outcome is then how the capture ends, and
  -- recording is empty.
  ALTER TABLE spool ADD COLUMN outcome TEXT;
  CREATE TABLE spool_files (
    capture_id TEXT NOT NULL REFERENCES spool (capture_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    place INTEGER NOT NULL,
    -- Name, event, content type and encoding.
    file TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (capture_id, place)
  ) STRICT;
  `,
  `
  -- How often work on this stage was cut off: the lease ran out, or the process ended with it.
  ALTER TABLE captures ADD COLUMN cut_offs INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE deliveries ADD COLUMN cut_offs INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- The place that a started capture takes in the limits, kept apart from its record: until when, on which node, in
  -- which target. Null: never started, or known to have ended.
  ALTER TABLE captures ADD COLUMN slot_until INTEGER;
  ALTER TABLE captures ADD COLUMN slot_node TEXT;
  ALTER TABLE captures ADD COLUMN slot_target TEXT;
  CREATE INDEX captures_slots ON captures (slot_until) WHERE slot_until IS NOT NULL;
  `,
];
