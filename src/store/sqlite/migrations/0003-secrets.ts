/** How old the secrets of a source are. Some ledgers of the second schema have this already. */
export const secrets = `
-- Of this ledger alone: fingerprints of secrets cannot be compared with those of another, or with a list.
INSERT INTO facts (name, value) VALUES ('fingerprint_salt', lower(hex(randomblob(16)))) ON CONFLICT DO NOTHING;

-- When each secret of a source was first configured, and when a delivery was last signed with it.
CREATE TABLE IF NOT EXISTS secret_uses (
  source TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_used_at INTEGER,
  uses INTEGER NOT NULL,
  PRIMARY KEY (source, fingerprint)
) STRICT, WITHOUT ROWID;
`
