import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load.js'
import { isSecretPath } from '../../src/config/secrets.js'
import { secretsFor } from '../../src/runs/secrets.js'
import { secretRuleOf } from '../../src/sources/engine/secret.js'
import { openSecretFile } from '../../src/sources/engine/secret-file.js'
import { sourceKinds } from '../../src/sources/registry.js'

const registration = 'q7Xw-3vBn-registration'
const first = 'b537207f20cbfa02357cf448134da559'
const second = 'c648318a31dca113468da559245eb660'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-handed-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function load(): Promise<Config> {
  const file = join(directory, 'config.yaml')
  await writeFile(join(directory, 'a.md'), 'Look.\n')
  const text = `version: 1
store: sqlite:./rouse.db
models: { default: { base_url: "scripted:", model: scripted } }
sources:
  tasks: { kind: asana, secret_file: ./secrets/tasks, registration: ${registration} }
agents: { looker: { on: { source: tasks }, instructions: a.md, tools: [], limits: { runs: 9/day } } }
`
  await writeFile(file, text)
  return loadConfig({ file, environment: {}, kinds: Object.values(sourceKinds) })
}

const kept = () => openSecretFile(join(directory, 'secrets/tasks'))

it('a token that stands in the file is a secret wherever a kind of source takes one', () => {
  const paths = Object.values(sourceKinds).flatMap(({ kind, options }) =>
    secretFields(options).map((path) => [kind, ...path]),
  )
  expect(paths.length).toBeGreaterThan(60)
  expect(paths.filter((path) => !isSecretPath(['sources', ...path]))).toEqual([])
})

/** The paths of everything under a schema that `secretField` made. */
function secretFields(schema: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (!(schema instanceof z.ZodType)) return []
  if (secretRuleOf(schema)) return [path]
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([key, inner]) => secretFields(inner, [...path, key]))
  if (schema instanceof z.ZodRecord) return secretFields(schema.valueType, [...path, 'any'])
  if (schema instanceof z.ZodArray) return secretFields(schema.element, path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => secretFields(option, path))
  if (schema instanceof z.ZodPipe)
    return [schema.in, schema.out].flatMap((inner) => secretFields(inner, path))
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  )
    return secretFields(schema.unwrap(), path)
  return []
}

it('a token of the URL that stands in the file itself is worth a warning, like each literal secret', async () => {
  const { warnings } = await load()
  expect(warnings.map(({ path }) => path)).toContain('sources.tasks.registration')
})

it('what a sender handed over is a secret, with the token of the URL, from before and from then on', async () => {
  kept().add(first)
  const config = await load()
  expect(config.secretValues).toEqual([registration, first])
  expect(config.secretValues).toBe(config.secretValues)
  kept().add(second)
  expect(config.secretValues).toEqual([registration, second, first])
})

it('what is handed over while a run is under way is hidden from it', async () => {
  const config = await load()
  const { redact, redactJson, isIn } = secretsFor(config, config)
  expect(redact(first)).toBe(first)
  kept().add(first)
  expect(redact(`with ${first}`)).toBe('with [redacted]')
  expect(redactJson({ [first]: 1 })).toEqual({ '[redacted]': 1 })
  expect(isIn([`part: ${first.slice(4, 20)}`])).toBe(true)
})

it('what another configuration has is hidden from a run that began before it', async () => {
  const config = await load()
  let current = config
  const { redact } = secretsFor(config, () => current)
  expect(redact(`${registration} ${second}`)).toBe(`[redacted] ${second}`)
  current = { ...config, secretValues: [second] }
  expect(redact(`${registration} ${second}`)).toBe('[redacted] [redacted]')
})

it('stays hidden when its file is changed, is no file or is gone', async () => {
  kept().add(first)
  const config = await load()
  expect(config.secretValues).toContain(first)
  await writeFile(join(directory, 'secrets/tasks'), `${second}\n`)
  expect(config.secretValues).toEqual([registration, second, first])
  await rm(join(directory, 'secrets'), { recursive: true })
  expect(config.secretValues).toEqual([registration, second, first])
  await writeFile(join(directory, 'secrets'), 'a file where the folder was')
  expect(config.secretValues).toEqual([registration, second, first])
})

it('what others can read is hidden all the same', async () => {
  const config = await load()
  kept().add(first)
  await chmod(join(directory, 'secrets/tasks'), 0o644)
  expect(config.secretValues).toContain(first)
})
