/**
 * What a run is about beyond its first event, what its writes were asked to prove, and what the ledger knows of
 * itself: several events to one run, looks for an effect, pauses, open alerts, and what outlives retention.
 */
export const faults = `
ALTER TABLE runs ADD COLUMN event_count INTEGER NOT NULL DEFAULT 1;
-- The event whose arrival ends this run at its next safe point.
ALTER TABLE runs ADD COLUMN superseded_by TEXT;
-- JSON: what rouse read of the subject just before the run acted.
ALTER TABLE runs ADD COLUMN refreshed TEXT;
-- 1: unfinished when the backup was taken that this ledger is; it may have gone further than is known.
ALTER TABLE runs ADD COLUMN is_restored INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_by_subject ON runs (agent, subject, position);
CREATE INDEX runs_paused ON runs (parked_on, agent) WHERE parked_on IN ('agent', 'disk');

-- Only for runs of several events: all of them, in order of arrival. runs.event_id is one of them.
CREATE TABLE run_events (
  run_id TEXT NOT NULL REFERENCES runs (id),
  number INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_events_by_event ON run_events (event_id);

ALTER TABLE tool_calls ADD COLUMN last_sent_at INTEGER;
-- How often a probe did not find it since it was last sent, and when it last looked.
ALTER TABLE tool_calls ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tool_calls ADD COLUMN looked_at INTEGER;
UPDATE tool_calls SET last_sent_at = first_sent_at WHERE first_sent_at IS NOT NULL;

-- What retention looks for, and what it takes along.
-- A delivery that brought something new goes with it, and pays nothing for this.
CREATE INDEX deliveries_apart ON deliveries (source, received_at) WHERE state <> 'recorded';
CREATE INDEX tool_calls_of_step ON tool_calls (step_id);
CREATE INDEX approvals_of_call ON approvals (tool_call_id);

-- What stood in counters when retention took the calls that it was reserved for.
CREATE TABLE spent (
  counter TEXT NOT NULL PRIMARY KEY,
  amount REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each cause, however many runs wait for it. resolved_at: null while it lasts.
CREATE TABLE alerts (
  cause TEXT NOT NULL PRIMARY KEY,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  raised_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  resolved_at INTEGER
) STRICT, WITHOUT ROWID;

-- What the ledger knows of itself, by name.
CREATE TABLE facts (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
