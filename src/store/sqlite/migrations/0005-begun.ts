/** How many runs began on a day, by whom their events came: counted, because to read them anew for each costs too much. */
export const begun = `
-- day: its first millisecond, UTC. actor: '' counts all runs of the source.
CREATE TABLE begun_runs (
  day INTEGER NOT NULL,
  agent TEXT NOT NULL,
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (day, agent, source, actor)
) STRICT, WITHOUT ROWID;
`
