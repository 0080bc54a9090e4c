import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MutatedDist, mutatedDist } from '../support/mutated-dist.js'
import { DaemonProcess, freePort } from '../support/power/daemon-process.js'
import { withShortBusyTimeout, withShortLog, withSmallLogLimit } from '../support/power/mutations.js'
import { githubSecret, issueOpened, sendGithub, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

const main = resolve(import.meta.dirname, '../../dist/main.js')
const config = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`

let directory = ''
let file = ''
let daemon: DaemonProcess
let build: MutatedDist | undefined
let number = 0
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rouse-beside-'))
  file = join(directory, 'rouse.db')
  await writeSetting({ directory, config })
})
afterEach(async () => {
  await daemon.kill()
  build?.remove()
  build = undefined
  rmSync(directory, { recursive: true, force: true })
})

const send = async (body = '') =>
  (await sendGithub(daemon.url, 'issues', issueOpened(++number, { body }))).status
const recorded = () => {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare('SELECT count(*) FROM events').pluck().get()
  } finally {
    db.close()
  }
}

describe.each(['is full', 'is closed', 'is not read any more', 'has no reader'])('a log that %s', (what) => {
  it('neither stops the daemon nor ends it', async () => {
    const pipe = join(directory, 'log')
    spawnSync('mkfifo', [pipe])
    // Both ends, so that opening it does not wait.
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
    const places: Readonly<Record<string, string>> = {
      'is full': '2>/dev/full',
      'is closed': '2>&-',
      'is not read any more': `2>${pipe}`,
      'has no reader': `2>${pipe}`,
    }
    const port = await freePort()
    daemon = new DaemonProcess({
      main,
      directory,
      shell: `exec "$@" --log-level debug ${places[what]}`,
      environment: { ROUSE_TEST_PORT: String(port) },
      port,
    })
    await daemon.start()
    if (what === 'has no reader') closeSync(reader)
    // For one that is not read: more than a pipe holds.
    const count = what === 'is not read any more' ? 640 : 16
    const sending = Array.from({ length: 8 }, async () => {
      for (let sent = 0; sent < count / 8; sent++) expect(await send()).toBe(202)
    })
    await Promise.all(sending)
    await daemon.stop()
    expect(await daemon.ended()).toBe(0)
    expect(recorded()).toBe(count)
    if (what !== 'has no reader') closeSync(reader)
  })
})

it('that has no descriptors left refuses connections, and takes deliveries when it has some again', async () => {
  daemon = new DaemonProcess({ main, directory, shell: 'ulimit -n 256; exec "$@"' })
  await daemon.start()
  expect(await send()).toBe(202)
  const port = Number(new URL(daemon.url).port)
  const held: Socket[] = []
  let refused = 0
  for (let opened = 0; opened < 320; opened++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined).on('close', () => refused++)
    held.push(socket)
  }
  await until('connections to be refused', () => refused > 0)
  expect(daemon.isRunning).toBe(true)
  for (const socket of held) socket.destroy()
  await until('a delivery to be taken', () =>
    send().then(
      (status) => status === 202,
      () => false,
    ),
  )
  expect(recorded()).toBeGreaterThanOrEqual(2)
})

it('refuses while another program holds the ledger for longer than it waits, and loses nothing', async () => {
  build = mutatedDist([withShortBusyTimeout])
  daemon = new DaemonProcess({ main: build.main, directory })
  await daemon.start()
  expect(await send()).toBe(202)
  const other = new Database(file)
  other.exec('BEGIN IMMEDIATE')
  for (let again = 0; again < 2; again++) expect(await send()).toBe(503)
  expect(daemon.log).toContain('another program holds it')
  other.exec('ROLLBACK')
  other.close()
  expect(await send()).toBe(202)
  expect(recorded()).toBe(2)
})

it('keeps everything in its log while somebody reads for long, and cuts the log when they are done', async () => {
  build = mutatedDist([...withShortLog, withSmallLogLimit])
  daemon = new DaemonProcess({ main: build.main, directory })
  await daemon.start()
  expect(await send()).toBe(202)
  const reader = new Database(file, { readonly: true })
  reader.exec('BEGIN')
  expect(reader.prepare('SELECT count(*) FROM events').pluck().get()).toBe(1)
  const logBytes = () => statSync(`${file}-wal`).size
  for (let sent = 0; sent < 60; sent++) expect(await send('x'.repeat(20_000))).toBe(202)
  // Far beyond the 120 pages after which it would be begun anew.
  expect(logBytes()).toBeGreaterThan(2_000_000)
  expect(reader.prepare('SELECT count(*) FROM events').pluck().get()).toBe(1)
  reader.exec('ROLLBACK')
  reader.close()
  let sent = 61
  await until('the log to be cut', async () => {
    expect(await send('x'.repeat(20_000))).toBe(202)
    sent++
    return logBytes() < 1_500_000
  })
  expect(recorded()).toBe(sent)
})
