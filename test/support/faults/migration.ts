import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { migrate, schemaVersion } from '../../../src/store/sqlite/migrate.js'
import { freePort } from './lane.js'
import { integrity, peek } from './ledger.js'
import { Life } from './life.js'
import { writeScript, writeSetting } from './setting.js'
import { World } from './world.js'

/**
 * K21: the process dies in the middle of bringing an older ledger up to date. Then the ledger is what it was, and the
 * next start brings it there. Returns what was not as promised.
 */
export async function killMigration(main: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-migration-'))
  const world = await World.start(() => 'answered')
  const file = join(directory, 'rouse.db')
  const faults: string[] = []
  try {
    writeOldLedger(file)
    const secrets = ['k7Gq2nV9xB4tLw8sRz3mYc6p']
    await writeScript(directory)
    await writeSetting({ directory, port: await freePort(), world, secrets, revision: 0 })
    for (let version = 1; version < schemaVersion; version++) {
      // From the second on it takes the step in which the one before died, and dies in the next.
      const passing = version === 1 ? 1 : 2
      const life = await Life.start({ main, directory, armed: { point: 'K21', passing } })
      const how = await life.ended
      if (how !== 'SIGKILL') faults.push(`was to be killed in a migration and ended with ${how}`)
      const found = peek(file, (db) => Number(db.pragma('user_version', { simple: true })))
      if (found >= schemaVersion) faults.push('a migration that was killed is done')
      if (integrity(file) !== 'ok') faults.push(`after the kill: ${integrity(file)}`)
    }
    const life = await Life.start({ main, directory })
    await life.end('SIGTERM')
    const found = peek(file, (db) => Number(db.pragma('user_version', { simple: true })))
    if (found !== schemaVersion) faults.push(`the next start left it at version ${found}`)
    if (peek(file, (db) => db.prepare('SELECT count(*) FROM events').pluck().get()) !== 1) {
      faults.push('the event of the older ledger is gone')
    }
    return faults
  } finally {
    await world.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function writeOldLedger(file: string): void {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  migrate(db, file, 1)
  db.prepare(
    `INSERT INTO events (id, source, type, subject, time_at, recorded_at, via, state, ids, data)
     VALUES ('evt_old', 'ci', 'issues.opened', 'acme/web#1', 1, 1, 'webhook', 'ignored', '{}', 'null')`,
  ).run()
  db.close()
}
