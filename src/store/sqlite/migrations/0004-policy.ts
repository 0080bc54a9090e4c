/** Who caused an event and who may see it; what our own writes made; what a person was asked on the ground of. */
export const policy = `
ALTER TABLE events ADD COLUMN actor TEXT;
ALTER TABLE events ADD COLUMN is_public INTEGER NOT NULL DEFAULT 0;
-- The run whose write caused it, and how many of our writes stand one upon the other.
ALTER TABLE events ADD COLUMN echo_of TEXT;
ALTER TABLE events ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;

-- What writes made, by the id that an event would name. bound: JSON, the ids that the write was bound to.
CREATE TABLE created_ids (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  tool_call_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  bound TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (name, value, tool_call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX created_ids_by_time ON created_ids (created_at);

ALTER TABLE tool_calls ADD COLUMN edited_arguments TEXT;
CREATE INDEX tool_calls_simulated ON tool_calls (position) WHERE state = 'simulated';

-- JSON: the facts that the decision rests on, and why a person is asked. scope: the tool and what it is bound to.
ALTER TABLE approvals ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE approvals ADD COLUMN why TEXT NOT NULL DEFAULT '[]';
ALTER TABLE approvals ADD COLUMN scope TEXT;
CREATE INDEX approvals_open ON approvals (scope) WHERE state = 'waiting' AND scope IS NOT NULL;
`
