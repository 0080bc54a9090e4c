import Database from 'better-sqlite3'

/**
 * Puts `count` finished events into a ledger, each with its delivery and two dedupe keys, as if they had been
 * recorded long ago, or from `beganAt` on. Bodies are short: what is measured is what a new delivery touches, not disk
 * space.
 */
export function fillHistory(
  file: string,
  count: number,
  { beganAt, everyMs }: { beganAt: number; everyMs: number } = { beganAt: 1_700_000_000_000, everyMs: 1 },
): void {
  if (count === 0) return
  const database = new Database(file)
  database.pragma('synchronous=OFF')
  database.pragma('cache_size=-500000')
  const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`
  const hex = (prefix: string) => `'${prefix}_' || printf('%032x', n)`
  database.exec(`BEGIN;
    ${numbers} INSERT INTO deliveries
      (position, id, source, state, received_at, url, headers, secret_index, body_bytes, body_digest, body)
      SELECT n, ${hex('dlv')}, 'ci', 'recorded', ${beganAt} + n * ${everyMs}, '/hooks/ci', '[]', 0, 2, zeroblob(32), CAST('{}' AS BLOB)
      FROM numbers;
    ${numbers} INSERT INTO events
      (position, id, source, source_event_id, type, subject, time_at, recorded_at, via, delivery_id, state, ids)
      SELECT n, ${hex('evt')}, 'ci', 'old-' || n, 'issues.opened', 'acme/web#' || n, ${beganAt} + n * ${everyMs},
        ${beganAt} + n * ${everyMs}, 'webhook', ${hex('dlv')}, 'ignored', '{}'
      FROM numbers;
    ${numbers} INSERT INTO dedupe_keys (key, event, created_at)
      SELECT randomblob(16), randomblob(16), ${beganAt} FROM numbers, (SELECT 1 UNION ALL SELECT 2) ORDER BY 1;
    COMMIT;`)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
}
