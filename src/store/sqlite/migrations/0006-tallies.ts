/**
 * What happened, counted by the hour, and what changed last: a page or a scrape that counts a million rows anew would
 * hold up everything else. Counts are of what happened, and stay when retention takes the rows. `hour` is its first
 * millisecond, UTC, never before that of hour 1: in the row of hour 0 stands all since the ledger was begun.
 */
export const tallies = `
-- Of these events, by the hour of recording: how many were dispatched or ignored, and how many were echoes.
CREATE TABLE source_hours (
  hour INTEGER NOT NULL,
  source TEXT NOT NULL,
  deliveries_recorded INTEGER NOT NULL DEFAULT 0,
  deliveries_duplicate INTEGER NOT NULL DEFAULT 0,
  deliveries_malformed INTEGER NOT NULL DEFAULT 0,
  last_delivery_at INTEGER,
  events_recorded INTEGER NOT NULL DEFAULT 0,
  events_dispatched INTEGER NOT NULL DEFAULT 0,
  events_ignored INTEGER NOT NULL DEFAULT 0,
  events_echo INTEGER NOT NULL DEFAULT 0,
  last_event_at INTEGER,
  PRIMARY KEY (hour, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_hours (
  hour INTEGER NOT NULL,
  agent TEXT NOT NULL,
  begun INTEGER NOT NULL DEFAULT 0,
  completed INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour, agent)
) STRICT, WITHOUT ROWID;

-- cost_usd: of the turns whose price is known; unpriced_turns are the others.
CREATE TABLE model_hours (
  hour INTEGER NOT NULL,
  agent TEXT NOT NULL,
  model TEXT NOT NULL,
  turns INTEGER NOT NULL,
  unpriced_turns INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (hour, agent, model)
) STRICT, WITHOUT ROWID;

-- How often calls of a tool came into a state. code: of the error that the model was told, '' where there is none.
CREATE TABLE tool_hours (
  hour INTEGER NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (hour, tool, state, code)
) STRICT, WITHOUT ROWID;

-- The last changes of runs, tool calls and approvals, in order. The newest row is never deleted: no position comes twice.
CREATE TABLE changes (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state TEXT NOT NULL,
  parked_on TEXT
) STRICT;
CREATE TRIGGER changes_bounded AFTER INSERT ON changes WHEN new.position % 1000 = 0 BEGIN
  DELETE FROM changes WHERE position <= new.position - 20000;
END;

CREATE TRIGGER run_made AFTER INSERT ON runs BEGIN
  INSERT INTO changes (id, run_id, state, parked_on) VALUES (new.id, new.id, new.state, new.parked_on);
END;
CREATE TRIGGER run_changed AFTER UPDATE OF state, parked_on ON runs
WHEN new.state <> old.state OR new.parked_on IS NOT old.parked_on BEGIN
  INSERT INTO changes (id, run_id, state, parked_on) VALUES (new.id, new.id, new.state, new.parked_on);
END;
CREATE TRIGGER tool_call_made AFTER INSERT ON tool_calls BEGIN
  INSERT INTO changes (id, run_id, state) VALUES (new.id, new.run_id, new.state);
END;
CREATE TRIGGER tool_call_changed AFTER UPDATE OF state ON tool_calls WHEN new.state <> old.state BEGIN
  INSERT INTO changes (id, run_id, state) VALUES (new.id, new.run_id, new.state);
END;
CREATE TRIGGER approval_made AFTER INSERT ON approvals BEGIN
  INSERT INTO changes (id, run_id, state) VALUES (new.id, new.run_id, new.state);
END;
CREATE TRIGGER approval_changed AFTER UPDATE OF state ON approvals WHEN new.state <> old.state BEGIN
  INSERT INTO changes (id, run_id, state) VALUES (new.id, new.run_id, new.state);
END;

CREATE TRIGGER run_begun AFTER UPDATE OF started_at ON runs
WHEN old.started_at IS NULL AND new.started_at IS NOT NULL BEGIN
  INSERT INTO agent_hours (hour, agent, begun)
  VALUES (max(new.started_at / 3600000, 1) * 3600000, new.agent, 1), (0, new.agent, 1)
  ON CONFLICT DO UPDATE SET begun = begun + 1;
END;
CREATE TRIGGER run_ended AFTER UPDATE OF finished_at ON runs
WHEN old.finished_at IS NULL AND new.finished_at IS NOT NULL BEGIN
  INSERT INTO agent_hours (hour, agent, completed, dead, cancelled)
  SELECT value, new.agent, new.state = 'completed', new.state = 'dead', new.state = 'cancelled'
  FROM json_each(json_array(max(new.finished_at / 3600000, 1) * 3600000, 0)) WHERE true
  ON CONFLICT DO UPDATE SET completed = completed + excluded.completed, dead = dead + excluded.dead,
    cancelled = cancelled + excluded.cancelled;
END;
CREATE TRIGGER step_made AFTER INSERT ON steps BEGIN
  INSERT INTO model_hours (hour, agent, model, turns, unpriced_turns, input_tokens, output_tokens, cost_usd, duration_ms)
  SELECT h.value, r.agent, new.model, 1, new.cost_usd IS NULL, new.input_tokens, new.output_tokens,
    coalesce(new.cost_usd, 0), new.duration_ms
  FROM runs r, json_each(json_array(max(new.created_at / 3600000, 1) * 3600000, 0)) h WHERE r.id = new.run_id
  ON CONFLICT DO UPDATE SET turns = turns + 1, unpriced_turns = unpriced_turns + excluded.unpriced_turns,
    input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
    cost_usd = cost_usd + excluded.cost_usd, duration_ms = duration_ms + excluded.duration_ms;
END;
-- On its way a call is not counted. The hour of one without an end is that of what came last.
CREATE TRIGGER tool_call_counted AFTER UPDATE OF state ON tool_calls
WHEN new.state <> old.state AND new.state NOT IN ('proposed', 'approved', 'prepared', 'sent') BEGIN
  INSERT INTO tool_hours (hour, tool, state, code, calls)
  SELECT value, new.tool, new.state, coalesce(json_extract(new.output, '$.error.code'), ''), 1
  FROM json_each(json_array(max(coalesce(new.settled_at, new.last_sent_at, new.proposed_at) / 3600000, 1) * 3600000, 0))
  WHERE true
  ON CONFLICT DO UPDATE SET calls = calls + 1;
END;

-- What is in the ledger already.
INSERT INTO source_hours (hour, source, events_recorded, events_dispatched, events_ignored, events_echo, last_event_at)
SELECT max(recorded_at / 3600000, 1) * 3600000, source, count(*), sum(state = 'dispatched'), sum(state = 'ignored'),
  sum(chain > 0), max(recorded_at)
FROM events GROUP BY 1, 2;
INSERT INTO source_hours (hour, source, deliveries_recorded, deliveries_duplicate, deliveries_malformed, last_delivery_at)
SELECT max(received_at / 3600000, 1) * 3600000, source, sum(state = 'recorded'), sum(state = 'duplicate'),
  sum(state = 'malformed'), max(received_at)
FROM deliveries WHERE true GROUP BY 1, 2
ON CONFLICT DO UPDATE SET deliveries_recorded = excluded.deliveries_recorded,
  deliveries_duplicate = excluded.deliveries_duplicate, deliveries_malformed = excluded.deliveries_malformed,
  last_delivery_at = excluded.last_delivery_at;
INSERT INTO agent_hours (hour, agent, begun)
SELECT max(started_at / 3600000, 1) * 3600000, agent, count(*) FROM runs WHERE started_at IS NOT NULL GROUP BY 1, 2;
INSERT INTO agent_hours (hour, agent, completed, dead, cancelled)
SELECT max(finished_at / 3600000, 1) * 3600000, agent, sum(state = 'completed'), sum(state = 'dead'), sum(state = 'cancelled')
FROM runs WHERE finished_at IS NOT NULL GROUP BY 1, 2
ON CONFLICT DO UPDATE SET completed = excluded.completed, dead = excluded.dead, cancelled = excluded.cancelled;
INSERT INTO model_hours (hour, agent, model, turns, unpriced_turns, input_tokens, output_tokens, cost_usd, duration_ms)
SELECT max(s.created_at / 3600000, 1) * 3600000, r.agent, s.model, count(*), sum(s.cost_usd IS NULL), sum(s.input_tokens),
  sum(s.output_tokens), total(s.cost_usd), sum(s.duration_ms)
FROM steps s CROSS JOIN runs r ON r.id = s.run_id GROUP BY 1, 2, 3;
INSERT INTO tool_hours (hour, tool, state, code, calls)
SELECT max(coalesce(settled_at, last_sent_at, proposed_at) / 3600000, 1) * 3600000, tool, state,
  coalesce(json_extract(output, '$.error.code'), ''), count(*)
FROM tool_calls WHERE state NOT IN ('proposed', 'approved', 'prepared', 'sent') GROUP BY 1, 2, 3, 4;
INSERT INTO source_hours (hour, source, deliveries_recorded, deliveries_duplicate, deliveries_malformed, last_delivery_at,
  events_recorded, events_dispatched, events_ignored, events_echo, last_event_at)
SELECT 0, source, sum(deliveries_recorded), sum(deliveries_duplicate), sum(deliveries_malformed), max(last_delivery_at),
  sum(events_recorded), sum(events_dispatched), sum(events_ignored), sum(events_echo), max(last_event_at)
FROM source_hours GROUP BY source;
INSERT INTO agent_hours (hour, agent, begun, completed, dead, cancelled)
SELECT 0, agent, sum(begun), sum(completed), sum(dead), sum(cancelled) FROM agent_hours GROUP BY agent;
INSERT INTO model_hours (hour, agent, model, turns, unpriced_turns, input_tokens, output_tokens, cost_usd, duration_ms)
SELECT 0, agent, model, sum(turns), sum(unpriced_turns), sum(input_tokens), sum(output_tokens), sum(cost_usd),
  sum(duration_ms)
FROM model_hours GROUP BY agent, model;
INSERT INTO tool_hours (hour, tool, state, code, calls)
SELECT 0, tool, state, code, sum(calls) FROM tool_hours GROUP BY tool, state, code;
`
