import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { githubSecret, issueOpened, sendGithub } from '../rouse.js'
import { until } from '../wait.js'
import { freePort } from './lane.js'
import { countUnfinished, integrity, peek } from './ledger.js'
import { Life } from './life.js'
import { agents, writeScript, writeSetting } from './setting.js'
import { World } from './world.js'

/** Longer than events are kept, shorter than their keys are. */
const laterMs = 100 * 86_400_000
/** More than two transactions delete. */
const ignoredCount = 230

/**
 * K22 where old rows are deleted: the process dies in the middle, in its first transaction and behind one that is
 * done. Then all that is finished goes, nothing else does, and a redelivery of what is gone is still known. Returns
 * what was not as promised.
 */
export async function killDeletion(main: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-deletion-'))
  const world = await World.start(() => 'effect, no answer')
  const file = join(directory, 'rouse.db')
  const port = await freePort()
  const faults: string[] = []
  const subjects = () =>
    peek(file, (db) => db.prepare<[], string>('SELECT subject FROM events ORDER BY subject').pluck().all())
  const send = (number: number, action: string) =>
    sendGithub(`http://127.0.0.1:${port}`, 'issues', { ...issueOpened(number), action })
  try {
    await writeScript(directory)
    await writeSetting({ directory, port, world, secrets: [githubSecret], revision: 0 })
    const first = await Life.start({ main, directory })
    const held = [1001, 1002, 1003]
    await Promise.all(held.map((number) => send(number, agents.neither)))
    await Promise.all([1004, 1005].map((number) => send(number, agents.key)))
    const ignored = Array.from({ length: ignoredCount }, (_, index) => 2000 + index)
    await Promise.all(ignored.map((number) => send(number, 'labeled')))
    await until('the others to be done', () => countUnfinished(file) === held.length, 30_000)
    await first.end('SIGTERM')
    const all = subjects().length
    for (const passing of [1, 2]) {
      const life = await Life.start({ main, directory, laterMs, armed: { point: 'K22', passing } })
      const how = await life.ended
      if (how !== 'SIGKILL') faults.push(`was to be killed in a deletion and ended with ${how}`)
      if (integrity(file) !== 'ok') faults.push(`after the kill: ${integrity(file)}`)
      const gone = all - subjects().length
      if (passing === 1 ? gone !== 0 : gone === 0)
        faults.push(`${gone} events were gone at passing ${passing}`)
    }
    const last = await Life.start({ main, directory, laterMs })
    const owed = held.map((number) => `acme/web#${number}`)
    await until('what is old to be gone', () => subjects().length <= owed.length, 30_000)
    if (subjects().join() !== owed.join())
      faults.push(`left are ${subjects().join()}, expected ${owed.join()}`)
    const { body } = await send(2000, 'labeled')
    if (body.status !== 'duplicate') faults.push(`a redelivery of what is gone was ${body.status}`)
    await last.end('SIGTERM')
    if (integrity(file) !== 'ok') faults.push(`at the end: ${integrity(file)}`)
    return faults
  } finally {
    await world.close()
    await rm(directory, { recursive: true, force: true })
  }
}
