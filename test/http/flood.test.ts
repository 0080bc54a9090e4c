import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DaemonProcess } from '../support/daemon-process.js'
import { openRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { forged, signed } from './signed.js'

/** What strangers can do by sending much: nothing that lasts, and nothing to those who are no strangers. */

const config = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`
const forgeries = 20_000
const atOnce = 40
const megabyte = 1024 * 1024

let directory: string | undefined
afterEach(async () => {
  if (directory) await rm(directory, { recursive: true, force: true })
  directory = undefined
})

/** The status of a delivery over a connection of its own, as each stranger needs one: a refusal ends it. */
async function statusOf(url: string, bytes: Buffer, localAddress: string): Promise<number> {
  const stream = openRaw(url, bytes, { localAddress })
  await new Promise<void>((resolve) => {
    stream.socket.on('data', () => {
      if (stream.statuses().length > 0) resolve()
    })
    stream.socket.on('close', resolve)
  })
  stream.socket.destroy()
  return stream.statuses()[0] ?? 0
}

/** `count` deliveries, `atOnce` at a time, and how often each status was the answer. */
async function flood(
  url: string,
  count: number,
  make: (at: number) => { bytes: Buffer; from?: string },
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let next = 0
  const sender = async () => {
    while (next < count) {
      const { bytes, from = '127.0.0.1' } = make(next++)
      const status = await statusOf(url, bytes, from)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, sender))
  return statuses
}

async function bytesIn(path: string): Promise<number> {
  const names = await readdir(path)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

const refusalsIn = (log: readonly string[]) => log.filter((line) => line.includes('refused a delivery'))

describe('a flood of forged deliveries', () => {
  it('of one address and of many leaves no byte on disk, and one line a minute in the log', {
    timeout: 120_000,
  }, async () => {
    directory = await mkdtemp(join(tmpdir(), 'rouse-flood-'))
    const noise = 'x'.repeat(600)
    const forgery = (at: number) => {
      const body = JSON.stringify({ at, noise })
      const headers = [`X-Noise-${at}: ${at}`, `X-Forwarded-For: 203.0.113.${at % 256}`]
      return { bytes: forged({ body, headers }), from: at % 2 ? '127.0.0.1' : `127.0.${at % 200}.2` }
    }
    const whileRunning = async (act: (rouse: Rouse) => Promise<void>): Promise<number> => {
      const rouse = await startRouse({ config, directory })
      await act(rouse).finally(() => rouse.stop())
      return bytesIn(directory as string)
    }
    const before = await whileRunning(async ({ url }) => {
      await flood(url, 300, forgery)
    })
    const startedAt = performance.now()
    const after = await whileRunning(async ({ url, ledger, log, directory: place }) => {
      const linesBefore = log.length
      const during = await bytesIn(place)
      const statuses = await flood(url, forgeries, forgery)
      const minutes = Math.ceil((performance.now() - startedAt) / 60_000)
      expect([...statuses.keys()].sort()).toEqual([401, 429])
      expect((statuses.get(401) ?? 0) + (statuses.get(429) ?? 0)).toBe(forgeries)
      expect(refusalsIn(log).length).toBeLessThanOrEqual(1 + minutes)
      expect(log.length - linesBefore).toBeLessThan(20)
      // Each count that is written is the same row; of a write-ahead log that is a few pages each five seconds.
      expect((await bytesIn(place)) - during).toBeLessThan(forgeries * 20)
      const { events, deliveries } = await ledger.counts()
      expect(Object.values(events).reduce((sum, count) => sum + count, 0)).toBe(0)
      expect(Object.values(deliveries).reduce((sum, count) => sum + count, 0)).toBe(0)
    })
    expect(after).toBe(before)
  })

  it('holds up no verified delivery of the same address, nor of one proxy that all come through', {
    timeout: 120_000,
  }, async () => {
    const rouse = await startRouse({ config, proxies: ['127.0.0.3'] })
    const verified = new Map<number, number>()
    const answered = async (from: string, headers: readonly string[] = []) => {
      const status = await statusOf(rouse.url, signed({ headers }), from)
      verified.set(status, (verified.get(status) ?? 0) + 1)
    }
    let isOver = false
    const flooding = flood(rouse.url, 2000, (at) => ({
      bytes: forged({ headers: ['X-Forwarded-For: 192.0.2.1'] }),
      from: at % 2 ? '127.0.0.1' : '127.0.0.3',
    }))
    const ended = flooding.finally(() => {
      isOver = true
    })
    while (!isOver) {
      await answered('127.0.0.1')
      await answered('127.0.0.3', ['X-Forwarded-For: 192.0.2.1'])
    }
    expect([...(await ended).keys()].sort()).toEqual([401, 429])
    expect([...verified.keys()]).toEqual([202])
    expect(verified.get(202)).toBeGreaterThan(10)
    await rouse.stop()
  })
})

describe('an endless body', () => {
  /** Resident bytes of a process, as the kernel counts them. */
  const residentOf = (pid: number) =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

  /** Sends chunks for as long as they are taken, and gives the status and how much was sent. */
  async function pour(url: string, start = 'POST /hooks/ci') {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const stream = openRaw(url, `${start} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    let sent = 0
    const more = () => {
      while (stream.socket.writable && sent < 10 * 1024 * megabyte) {
        sent += chunk.length
        if (!stream.socket.write(chunk)) return
      }
    }
    stream.socket.on('connect', more).on('drain', more)
    await until('the close', stream.isClosed)
    return { status: stream.statuses()[0], sent }
  }

  it.runIf(process.platform === 'linux')(
    'is cut off at the source’s cap, and costs no memory that stays',
    {
      timeout: 60_000,
    },
    async () => {
      directory = await writeSetting({ config })
      const daemon = await DaemonProcess.start(directory)
      try {
        for (let at = 0; at < 15; at++) await pour(daemon.url)
        const before = residentOf(daemon.child.pid as number)
        const poured = await pour(daemon.url)
        // Less than a body may have; what else a process takes in between is by chance.
        expect(residentOf(daemon.child.pid as number) - before).toBeLessThan(16 * megabyte)
        expect([413, undefined]).toContain(poured.status)
        expect(poured.sent).toBeLessThan(100 * megabyte)
        for (let at = 0; at < 15; at++) await pour(daemon.url)
        expect(residentOf(daemon.child.pid as number) - before).toBeLessThan(24 * megabyte)
        expect((await pour(daemon.url, 'POST /no')).sent).toBeLessThan(100 * megabyte)
        const last = openRaw(daemon.url, signed())
        await until('another delivery to be taken', () => last.statuses()[0] === 202)
        last.socket.destroy()
      } finally {
        await daemon.end()
      }
    },
  )
})
