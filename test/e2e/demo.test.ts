import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createdDispute, createdTicket, failedWorkflowRun, type Letter } from '../../src/cli/demo/letters.js'
import type { SentDelivery } from '../../src/cli/demo/sender.js'
import { faultsOf, type Records, summarize } from '../../src/cli/demo/summary.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { sleep } from '../../src/util/clock.js'
import { processEnvironment } from '../../src/util/env.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const started: ChildProcess[] = []
const kept: string[] = []

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const directory of kept.splice(0)) await rm(directory, { recursive: true, force: true })
})

interface Play {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<number | null>
}

function play(...args: string[]): Play {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...environment } = processEnvironment
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'demo', ...args], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, output: () => output, ended }
}

async function untilSays({ child, output }: Play, text: string): Promise<void> {
  while (!output().includes(text)) {
    if (child.exitCode !== null) throw new Error(`the demo ended before it said "${text}":\n${output()}`)
    await sleep(20)
  }
}

/** Process ids that the output names, each of a daemon. */
const daemonsOf = (output: string) => [...output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const directoryOf = (output: string) => /ledger\s+(\S+)\/rouse\.db/.exec(output)?.[1] ?? ''

/** The records of a demo that was as it should be, rebuilt from its ledger, to be tampered with. */
async function recordsFrom(store: Store, now: number): Promise<Records> {
  const events = await store.listEvents({ limit: 100 })
  const journals = await Promise.all(
    (await Promise.all(events.map(({ id }) => store.runsOf(id)))).flat().map(({ id }) => store.journal(id)),
  )
  const sent = (letter: Letter, status: number, isForged = false): SentDelivery => ({
    letter,
    bytes: letter.body.length,
    status,
    answer: {},
    ms: 1,
    isForged,
  })
  const build = failedWorkflowRun(now)
  return {
    sent: [
      sent(build, 202),
      sent(build, 200),
      sent(createdTicket(now), 202),
      sent(createdDispute(now), 202),
      sent(createdDispute(now), 401, true),
    ],
    changes: events.flatMap(({ via, subject, time }) =>
      via === 'poll' && subject ? [{ subject, time }] : [],
    ),
    effects: journals.flatMap(({ calls }) =>
      calls.flatMap(({ state, request }) =>
        state === 'confirmed' && request ? [{ ...request, body: request.body ?? '' }] : [],
      ),
    ),
    store,
    now,
  }
}

describe('rouse demo', () => {
  it('loses nothing, doubles nothing, refuses the forged one and leaves nothing running', {
    timeout: 90_000,
  }, async () => {
    const demo = play('--keep')
    const code = await demo.ended
    const output = demo.output()
    kept.push(directoryOf(output))
    expect(code, output).toBe(0)
    for (const line of [/^ {2}lost +0 /m, /^ {2}doubled +0 /m, /^ {2}refused +1 /m, /^ {2}duplicate +1 /m]) {
      expect(output).toMatch(line)
    }
    for (const verb of 'receive verify record ack match enqueue run loop parked approved resumed finish'.split(
      ' ',
    )) {
      expect(output, verb).toMatch(new RegExp(`^ {2}${verb} `, 'm'))
    }
    expect(output).toContain(
      'refund                    destructive  confirmed 200, sent 2 times with one key',
    )
    expect(output).toContain('2 requests with 1 key, 1 refund')
    expect(output.includes('\u001b')).toBe(false)
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    const daemons = daemonsOf(output)
    expect(new Set(daemons).size).toBe(2)
    expect(daemons.filter(isAlive)).toEqual([])

    const store = await openSqliteStore({
      file: `${directoryOf(output)}/rouse.db`,
      exclusive: false,
      readOnly: true,
    })
    await expectTamperingToShow(store)
    await store.close()
  })

  it('clears everything away when it is stopped half-way', { timeout: 60_000 }, async () => {
    const demo = play()
    await untilSays(demo, 'resumed')
    demo.child.kill('SIGINT')
    expect(await demo.ended).toBe(130)
    expect(demo.output()).toContain('Nothing is left running')
    expect(daemonsOf(demo.output()).filter(isAlive)).toEqual([])
    expect(directoryOf(demo.output())).not.toBe('')
    expect(existsSync(directoryOf(demo.output()))).toBe(false)
  })
})

/** The summary of a good demo is good, and with any one record changed it is not. */
async function expectTamperingToShow(store: Store): Promise<void> {
  const now = Date.now()
  const records = await recordsFrom(store, now)
  const judge = async (changed: Partial<Records>) =>
    faultsOf(await summarize({ ...records, ...changed }), true)
  expect(await judge({})).toEqual([])

  const [first] = records.sent
  const [effect] = records.effects
  if (!first || !effect) throw new Error('the demo sent nothing')
  const another: SentDelivery = { ...first, letter: { ...first.letter, id: 'acknowledged-and-gone' } }
  expect((await summarize({ ...records, sent: [...records.sent, another] })).lost).toHaveLength(1)
  expect(
    (await summarize({ ...records, changes: [...records.changes, { subject: 'deal_1', time: now }] })).lost,
  ).toHaveLength(1)
  expect((await summarize({ ...records, effects: records.effects.slice(1) })).lost).toHaveLength(1)
  expect((await summarize({ ...records, effects: [...records.effects, effect] })).doubled).toHaveLength(1)
  expect(
    (await summarize({ ...records, effects: [...records.effects, { ...effect, body: 'x' }] })).uninvited,
  ).toHaveLength(1)
  expect(await judge({ sent: records.sent.filter(({ isForged }) => !isForged) })).not.toEqual([])
  expect(await judge({ sent: records.sent.slice(2) })).not.toEqual([])
}
