import { stringifyJson } from '../../util/json.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { readJson } from './stored-json.js'
import type { Writer } from './writer.js'

export function configs(writer: Writer, reader: Reader): Pick<Store, 'saveConfig' | 'config'> {
  const save = writer.db.prepare(
    `INSERT INTO configs (digest, snapshot, saved_at) VALUES (?, ?, ?)
     ON CONFLICT (digest) DO UPDATE SET saved_at = max(saved_at, excluded.saved_at)`,
  )
  const read = reader.db.prepare<[string], { snapshot: string }>(
    'SELECT snapshot FROM configs WHERE digest = ?',
  )
  return {
    saveConfig: (digest, snapshot, now) => {
      const text = stringifyJson(snapshot)
      return writer.write(() => {
        save.run(digest, text, now)
      })
    },
    config: (digest) =>
      reader.read(() => {
        const row = read.get(digest)
        return row && readJson(row.snapshot)
      }),
  }
}
