/**
 * How a row lives: a delivery brings events; an event is dispatched into runs; a run is claimed (an attempt),
 * writes steps with their tool calls, and ends. Times are epoch milliseconds, JSON is text, `position` is the
 * order in which rows were written. Keys outlive what they point to, so nothing refers to an event by
 * a foreign key that retention would break.
 */
export const initial = `
CREATE TABLE deliveries (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  url TEXT NOT NULL,
  headers TEXT NOT NULL,
  secret_index INTEGER NOT NULL,
  remote_address TEXT,
  reason TEXT,
  body_bytes INTEGER NOT NULL,
  body_digest BLOB NOT NULL,
  body BLOB
) STRICT;

-- data is null where it is the delivery's whole body.
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  source_event_id TEXT,
  semantic_key TEXT,
  type TEXT NOT NULL,
  subject TEXT,
  time_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  via TEXT NOT NULL,
  delivery_id TEXT REFERENCES deliveries (id),
  state TEXT NOT NULL,
  decisions TEXT NOT NULL DEFAULT '[]',
  ids TEXT NOT NULL,
  data TEXT
) STRICT;
CREATE INDEX events_undispatched ON events (position) WHERE state = 'recorded';
CREATE INDEX events_of_delivery ON events (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX events_by_time ON events (recorded_at);
CREATE INDEX events_by_source ON events (source, recorded_at);
CREATE INDEX events_by_type ON events (type, recorded_at);

-- Other deliveries of an event that was there already.
CREATE TABLE redeliveries (
  event_id TEXT NOT NULL,
  delivery_id TEXT NOT NULL REFERENCES deliveries (id),
  PRIMARY KEY (event_id, delivery_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX redeliveries_by_delivery ON redeliveries (delivery_id);

-- key: digest over kind, source and value. event: the 16 bytes of the event's id, null where it woke nobody.
CREATE TABLE dedupe_keys (
  key BLOB NOT NULL PRIMARY KEY,
  event BLOB,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- is_blocked: an earlier run of the same agent and subject is unfinished.
-- is_ready: not blocked, and queued or its time has come. is_woken: a person decided while it was running.
CREATE TABLE runs (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  event_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  subject TEXT NOT NULL,
  replay INTEGER NOT NULL,
  state TEXT NOT NULL,
  is_blocked INTEGER NOT NULL,
  is_ready INTEGER NOT NULL,
  is_woken INTEGER NOT NULL DEFAULT 0,
  parked_on TEXT,
  next_at INTEGER,
  node TEXT,
  fence INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  config_digest TEXT,
  turns INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL DEFAULT 0,
  active_ms INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  error_message TEXT,
  summary TEXT,
  UNIQUE (event_id, agent, replay)
) STRICT;
CREATE INDEX runs_ready ON runs (agent, position) WHERE is_ready = 1;
CREATE INDEX runs_waking ON runs (next_at) WHERE is_ready = 0 AND next_at IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (agent, subject, position) WHERE finished_at IS NULL;
CREATE INDEX runs_leased ON runs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX runs_begun ON runs (agent, started_at) WHERE started_at IS NOT NULL;
CREATE INDEX runs_by_time ON runs (created_at);
CREATE INDEX runs_by_agent ON runs (agent, created_at);
CREATE INDEX runs_by_state ON runs (state, created_at);

CREATE TABLE attempts (
  run_id TEXT NOT NULL REFERENCES runs (id),
  number INTEGER NOT NULL,
  node TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  error_code TEXT,
  error_message TEXT,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL REFERENCES runs (id),
  turn INTEGER NOT NULL,
  api TEXT NOT NULL,
  model TEXT NOT NULL,
  items TEXT NOT NULL,
  is_usable INTEGER NOT NULL,
  text TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd REAL,
  duration_ms INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX steps_of_run ON steps (run_id, position);

CREATE TABLE tool_calls (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL REFERENCES runs (id),
  step_id TEXT NOT NULL REFERENCES steps (id),
  answer_position INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  tool TEXT NOT NULL,
  arguments_text TEXT NOT NULL,
  effect TEXT,
  state TEXT NOT NULL,
  request TEXT,
  args TEXT,
  idempotency_key TEXT,
  ordinal INTEGER,
  output TEXT,
  approval_id TEXT,
  sends INTEGER NOT NULL DEFAULT 0,
  first_sent_at INTEGER,
  status INTEGER,
  yields TEXT NOT NULL DEFAULT '{}',
  note TEXT,
  proposed_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT;
CREATE INDEX tool_calls_of_run ON tool_calls (run_id, position);
CREATE INDEX tool_calls_held ON tool_calls (position) WHERE state = 'held';

CREATE TABLE reservations (
  counter TEXT NOT NULL,
  tool_call_id TEXT NOT NULL REFERENCES tool_calls (id),
  amount REAL NOT NULL,
  reserved_at INTEGER NOT NULL,
  released_at INTEGER
) STRICT;
CREATE INDEX reservations_standing ON reservations (counter, amount) WHERE released_at IS NULL;
CREATE INDEX reservations_of_call ON reservations (tool_call_id);

CREATE TABLE approvals (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL REFERENCES runs (id),
  tool_call_id TEXT NOT NULL REFERENCES tool_calls (id),
  event_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  request TEXT NOT NULL,
  digest TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_at INTEGER,
  decided_by TEXT,
  reason TEXT
) STRICT;
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE state = 'waiting';
CREATE INDEX approvals_of_run ON approvals (run_id, position);

CREATE TABLE cursors (
  source TEXT NOT NULL PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  value TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  last_ok_at INTEGER,
  last_error TEXT,
  failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE configs (
  digest TEXT NOT NULL PRIMARY KEY,
  snapshot TEXT NOT NULL,
  saved_at INTEGER NOT NULL
) STRICT;

CREATE TABLE refusals (
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  day TEXT NOT NULL,
  count INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  sample TEXT,
  PRIMARY KEY (day, source, reason)
) STRICT, WITHOUT ROWID;

-- How many rows are in a state that they never leave, by table and state.
CREATE TABLE totals (
  name TEXT NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`
