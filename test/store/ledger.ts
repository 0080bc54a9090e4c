import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Ledger } from '../contract/store.js'

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rouse-store-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export async function makeLedger(): Promise<Ledger> {
  const directory = temporaryDirectory()
  const file = join(directory.path, 'data', 'rouse.db')
  const store = await openSqliteStore({ file, exclusive: true })
  return {
    store,
    another: () => openSqliteStore({ file, exclusive: false }),
    close: async () => {
      await store.close()
      directory.remove()
    },
  }
}
