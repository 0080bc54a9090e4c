import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { freemem, totalmem } from 'node:os'
import type { Config } from '../../config/config.js'
import { doubtAboutPlace, doubtfulAdvice, nearestDirectory } from '../../store/place.js'
import { packageVersion } from '../../util/version.js'
import type { Invocation } from '../command.js'
import { ledgerFile } from '../ledger.js'
import { formatBytes } from '../text.js'
import type { Finding } from './finding.js'

/** The libraries whose versions matter when something is wrong. */
const libraries = ['better-sqlite3', 'openai', 'hono', 'undici', 'zod']

const leastFreeMemory = 128 * 1024 ** 2
const leastFreeDisk = 256 * 1024 ** 2
const littleFreeDisk = 1024 ** 3

export async function checkMachine(invocation: Invocation, config: Config | undefined): Promise<Finding[]> {
  const findings: Finding[] = [versions()]
  const free = freemem()
  const memory = `${formatBytes(free)} of ${formatBytes(totalmem())} memory free`
  if (free < leastFreeMemory) {
    findings.push({
      area: 'machine',
      state: 'warn',
      text: memory,
      advice: 'free some, or give the machine more: a daemon under memory pressure is killed',
    })
  } else findings.push({ area: 'machine', state: 'ok', text: memory })
  const file = config?.store.file ?? (await ledgerFile(invocation.configFile(), invocation.io))
  findings.push(await disk(file, config?.server.minFreeBytes ?? leastFreeDisk))
  const doubt = await doubtAboutPlace(file)
  if (doubt !== undefined)
    findings.push({ area: 'machine', state: 'warn', text: doubt, advice: doubtfulAdvice })
  return findings
}

function versions(): Finding {
  const require = createRequire(import.meta.url)
  const found = libraries.map((name) => `${name} ${libraryVersion(require, name)}`)
  const text = `rouse ${packageVersion()}, Node.js ${process.versions.node} on ${process.platform} ${process.arch}; ${found.join(', ')}`
  return { area: 'machine', state: 'ok', text }
}

/** Some packages do not let their package.json be imported; then the folder is looked for. */
function libraryVersion(require: NodeJS.Require, name: string): string {
  for (const root of require.resolve.paths(name) ?? []) {
    const file = `${root}/${name}/package.json`
    if (!existsSync(file)) continue
    const { version }: { version?: unknown } = require(file)
    return typeof version === 'string' ? version : 'unknown'
  }
  return 'not installed'
}

async function disk(file: string, least: number): Promise<Finding> {
  const folder = nearestDirectory(file)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const text = `${formatBytes(free)} free on the disk of ${folder}`
  const advice = `free some: below ${formatBytes(least)} (\`server.min_free\`) nothing is acknowledged, and senders give up in time`
  if (free < least) return { area: 'machine', state: 'fail', text, advice }
  return free < littleFreeDisk
    ? { area: 'machine', state: 'warn', text, advice }
    : { area: 'machine', state: 'ok', text }
}
