import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

interface UseRow {
  readonly source: string
  readonly fingerprint: string
  readonly first_seen_at: number
  readonly last_used_at: number | null
  readonly uses: number
}

/** How old each secret of a source is, and when it was last used: a row for each, however many deliveries. */
export function secretUses(writer: Writer, reader: Reader): Pick<Store, 'countSecretUses' | 'secretUses'> {
  const add = writer.db.prepare(`
    INSERT INTO secret_uses (source, fingerprint, first_seen_at, last_used_at, uses) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source, fingerprint) DO UPDATE SET uses = uses + excluded.uses,
      first_seen_at = min(first_seen_at, excluded.first_seen_at),
      last_used_at = max(coalesce(last_used_at, excluded.last_used_at), coalesce(excluded.last_used_at, last_used_at))`)
  const all = reader.db.prepare<[], UseRow>(
    'SELECT source, fingerprint, first_seen_at, last_used_at, uses FROM secret_uses ORDER BY source, first_seen_at',
  )
  const salt = reader.db.prepare<[], { value: string }>(
    `SELECT value FROM facts WHERE name = 'fingerprint_salt'`,
  )
  return {
    countSecretUses: (told) =>
      writer.write(() => {
        for (const { source, fingerprint, seenAt, lastUsedAt = null, uses } of told) {
          add.run(source, fingerprint, seenAt, lastUsedAt, uses)
        }
      }),

    secretUses: () =>
      reader.read(() => ({
        salt: salt.get()?.value ?? '',
        uses: all.all().map(({ first_seen_at, last_used_at, ...rest }) => ({
          ...rest,
          seenAt: first_seen_at,
          lastUsedAt: last_used_at ?? undefined,
        })),
      })),
  }
}
