import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Config } from '../../config/config.js'
import type { Invocation } from '../command.js'
import { ledgerFile } from '../ledger.js'
import { plain } from '../text.js'
import type { Finding } from './finding.js'

/** Of users other than the owner. */
const [anyOfOthers, readOrWrite, write] = [0o077, 0o066, 0o022]
const sticky = 0o1000

/**
 * What of the ledger, the configuration and its secrets others than their owner can get at, with the command that ends
 * it. Nothing where the system has no such bits.
 */
export async function checkPermissions(
  { configFile, io }: Pick<Invocation, 'configFile' | 'io'>,
  config: Config | undefined,
  user: number | undefined = process.geteuid?.(),
): Promise<Finding[]> {
  if (user === undefined) return []
  // What is wrong with `store:` others say.
  const ledger = config?.store.file ?? (await ledgerFile(configFile(), io).catch(() => undefined))
  const folder = dirname(configFile())
  const found = [
    ...(ledger === undefined ? [] : await ofLedger(ledger, [folder, io.directory])),
    ...(config ? await ofConfiguration(config, user) : []),
    ...(await openFiles([join(folder, '.env')], readOrWrite, 'secrets are in it')),
  ]
  if (found.length > 0 || ledger === undefined) return found
  return [{ area: 'files', state: 'ok', text: 'ledger, configuration and secrets are for their owner only' }]
}

/** A folder that has other things too is not ours to close. */
async function ofLedger(file: string, shared: readonly string[]): Promise<Finding[]> {
  const folder = dirname(file)
  const names = await readdir(folder).catch(() => [])
  const parts = names.filter((name) => isOfLedger(name, basename(file))).sort()
  const files = await openFiles(
    parts.map((name) => join(folder, name)),
    readOrWrite,
    'all that came and was done is in the ledger and its copies',
  )
  const found = await stat(folder).catch(() => undefined)
  if (!found) return files
  const isShared = shared.some((other) => resolve(other) === folder) || (found.mode & sticky) !== 0
  if (isShared) return [...files, ...replaceable(folder, found)]
  if ((found.mode & anyOfOthers) === 0) return files
  const why = 'the folder of the ledger is open to others, with whatever is copied into it'
  return [...files, finding(`${modeOf(found)} ${folder}: ${why}`, `chmod 700 ${word(folder)}`)]
}

function replaceable(folder: string, found: Stats): Finding[] {
  if ((found.mode & write) === 0 || (found.mode & sticky) !== 0) return []
  const why = 'who can write to the folder of the ledger can put another one in its place'
  return [finding(`${modeOf(found)} ${folder}: ${why}`, `chmod go-w ${word(folder)}`)]
}

/** The file, what stands beside it under its name, and what `rouse dev` makes up. */
function isOfLedger(name: string, ledger: string): boolean {
  return (
    name === ledger ||
    name.startsWith(`${ledger}.`) ||
    isSideFile(name, ledger) ||
    name === 'dev-secrets.json'
  )
}

function isSideFile(name: string, ledger: string): boolean {
  return [`${ledger}-wal`, `${ledger}-shm`, `${ledger}-journal`].includes(name)
}

/** What `${file:…}` names is looked at when it is read. */
async function ofConfiguration(config: Config, user: number): Promise<Finding[]> {
  const { file, snapshot, secretValues, sources } = config
  const handed = [...sources.values()].flatMap(({ options }) => {
    const isThere = typeof options === 'object' && options !== null && 'secret_file' in options
    const path = isThere ? options.secret_file : undefined
    return typeof path === 'string' ? [resolve(dirname(file), path)] : []
  })
  const findings = await openFiles(handed, anyOfOthers, 'no secret in it is used while that is so')
  if (!secretValues.some((secret) => snapshot.text.includes(secret))) return findings
  const found = await stat(file).catch(() => undefined)
  // root:rouse 0640 is how a daemon that may not change it gets to read it.
  const wanted = found?.uid === user ? '600' : '640'
  if (!found || (found.mode & (wanted === '600' ? readOrWrite : 0o026)) === 0) return findings
  const text = `${modeOf(found)} ${file}: a secret stands in the file itself, and others can read it`
  return [...findings, finding(text, `chmod ${wanted} ${word(file)}`)]
}

async function openFiles(files: readonly string[], bits: number, why: string): Promise<Finding[]> {
  const open: { file: string; found: Stats }[] = []
  for (const file of files) {
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() && (found.mode & bits) !== 0) open.push({ file, found })
  }
  if (open.length === 0) return []
  const shown = open.map(({ file, found }) => `${modeOf(found)} ${file}`).join(', ')
  const words = open.map(({ file }) => word(file)).join(' ')
  return [finding(`${shown}: open to others, and ${why}`, `chmod 600 ${words}`)]
}

function finding(text: string, advice: string): Finding {
  return { area: 'files', state: 'warn', text: plain(text), advice: plain(advice) }
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

/** As one word of a shell. */
function word(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
