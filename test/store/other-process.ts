import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const module = pathToFileURL(join(resolve(import.meta.dirname, '../..'), 'dist/store/sqlite/open.js')).href

export interface OtherProcess {
  readonly child: ChildProcess
  /** The first line that the program wrote. */
  readonly said: string
}

/**
 * Runs `program` in a process of its own, with `openSqliteStore` in scope, and resolves with what it says first.
 * What it throws, it says, as `code message`. `unprivileged` drops root's right to write everywhere.
 */
export async function inOtherProcess(program: string, unprivileged = false): Promise<OtherProcess> {
  const source = `
    import { openSqliteStore } from ${JSON.stringify(module)}
    const say = (text) => process.stdout.write(text + '\\n')
    try { ${program} } catch (error) { say(error.code + ' ' + error.message) }`
  const isRoot = process.getuid?.() === 0
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(unprivileged && isRoot ? { uid: 65534, gid: 65534 } : {}),
  })
  const [first] = await once(child.stdout, 'data')
  return { child, said: String(first).trim() }
}

/** A second daemon on `file` that stays until it is killed. */
export function holdLedger(file: string): Promise<OtherProcess> {
  return inOtherProcess(`
    const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
    say('open')
    process.stdin.on('end', () => store.close()).resume()`)
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
