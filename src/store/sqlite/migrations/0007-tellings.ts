/** What whom was told of alerts: a restart must neither forget a message that is owed nor repeat one. */
export const tellings = `
-- target: a fingerprint. told_at: null while the first message is owed. A row goes when the end was told.
CREATE TABLE tellings (
  target TEXT NOT NULL,
  cause TEXT NOT NULL,
  code TEXT NOT NULL,
  raised_at INTEGER NOT NULL,
  told_at INTEGER,
  times INTEGER NOT NULL,
  PRIMARY KEY (target, cause)
) STRICT, WITHOUT ROWID;
`
