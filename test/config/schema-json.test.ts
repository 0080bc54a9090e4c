import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../../src/config/load.js'
import { configJsonSchema } from '../../src/config/schema-json.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { JsonObject, JsonValue } from '../../src/util/json.js'
import { environment } from './support.js'

const root = join(import.meta.dirname, '../..')
const schema = configJsonSchema(Object.values(sourceKinds))
const definitions = isObject(schema['$defs']) ? schema['$defs'] : {}

interface Key {
  readonly path: string
  readonly name: string
  readonly schema: JsonObject
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a schema says, here or in `$defs`; a form that is part of itself is not gone into. */
function said(value: JsonValue | undefined): JsonValue | undefined {
  const reference = isObject(value) ? value['$ref'] : undefined
  return typeof reference === 'string' && !reference.includes('__')
    ? definitions[reference.replace('#/$defs/', '')]
    : value
}

function keysOf(written: JsonValue | undefined, path: string): Key[] {
  const value = said(written)
  if (!isObject(value)) return []
  const inner = (child: JsonValue | undefined, at: string) => keysOf(child, at)
  const own = Object.entries(isObject(value['properties']) ? value['properties'] : {}).flatMap(
    ([name, child]) =>
      isObject(said(child))
        ? [
            { path: `${path}.${name}`, name, schema: said(child) as JsonObject },
            ...inner(child, `${path}.${name}`),
          ]
        : [],
  )
  const rest = [value['items'], value['additionalProperties']].flatMap((child) => inner(child, `${path}.*`))
  const branches = [value['anyOf'], value['oneOf']].flatMap((list) =>
    Array.isArray(list) ? list.flatMap((child) => inner(child, path)) : [],
  )
  return [...own, ...rest, ...branches]
}

const all = keysOf(schema, '')
const keys = all.filter(({ path }) => !path.startsWith('.sources.'))

describe('config.schema.json', () => {
  it('is what the loader knows (write it anew: npx vitest run test/config/schema-json.test.ts -u)', async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(root, 'config.schema.json'))
  })

  it('has nothing twice that is long, and nothing in $defs that is not used', () => {
    const texts: string[] = []
    const references = new Set<string>()
    const visit = (value: JsonValue) => {
      if (typeof value !== 'object' || value === null) return
      if (isObject(value) && ('type' in value || 'anyOf' in value)) texts.push(JSON.stringify(value))
      if (isObject(value) && typeof value['$ref'] === 'string') {
        if (!value['$ref'].includes('__')) expect(Object.keys(value)).toEqual(['$ref'])
        references.add(value['$ref'].replace('#/$defs/', ''))
      }
      for (const inner of Object.values(value)) visit(inner)
    }
    visit(schema)
    const long = texts.filter((text) => text.length >= 120)
    expect(long.filter((text, at) => long.indexOf(text) !== at)).toEqual([])
    expect([...references].sort()).toEqual(Object.keys(definitions).sort())
  })

  it('describes every key', () => {
    expect(keys.length).toBeGreaterThan(70)
    expect(keys.filter(({ schema: { description } }) => !description).map(({ path }) => path)).toEqual([])
  })

  it('allows an insertion where a number, a choice or a form is expected', () => {
    const at = (path: string) => keys.find((key) => key.path === path)?.schema
    for (const path of ['.models.*.api', '.agents.*.limits.turns', '.tools.*.timeout', '.tools.*.private']) {
      expect(JSON.stringify(at(path)?.['anyOf']), path).toContain('"pattern":"\\\\$\\\\{"')
    }
  })

  it('takes the example of the docs, and not with a wrong key', () => {
    const docs = readFileSync(join(root, 'docs/config.md'), 'utf8')
    const example = /<!-- example -->\n```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? ''
    const validator = z.fromJSONSchema(JSON.parse(JSON.stringify(schema)))
    expect(validator.safeParse(parse(example)).error).toBeUndefined()
    expect(
      validator.safeParse(parse(example.replace('effect:', 'efect:').replace('get:', 'gett:'))).success,
    ).toBe(false)
  })

  it('refuses unknown keys everywhere', () => {
    expect(schema['additionalProperties']).toBe(false)
    const open = keys.filter(
      ({ schema: { additionalProperties, properties } }) =>
        properties !== undefined && additionalProperties !== false,
    )
    expect(open.map(({ path }) => path)).toEqual([])
  })
})

describe('docs/config.md', () => {
  const docs = readFileSync(join(root, 'docs/config.md'), 'utf8')

  it('has a line for every key', () => {
    // `not` is how JSON Schema says "never": a key that is refused.
    const taken = all.filter(({ schema: { not } }) => not === undefined)
    const missing = taken.filter(({ name }) => !docs.includes(`\`${name}\``))
    expect(missing.map(({ path }) => path)).toEqual([])
  })

  it('names every default', () => {
    const missing = keys.flatMap(({ name, path, schema: { default: value } }) => {
      if (typeof value === 'object' || value === undefined) return []
      const row = docs.split('\n').filter((line) => line.startsWith(`| \`${name}\``))
      return row.some((line) => line.includes(`\`${String(value)}\``)) ? [] : [`${path}: ${String(value)}`]
    })
    expect(missing).toEqual([])
  })

  it('has an example that loads without a warning', async () => {
    const example = /<!-- example -->\n```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? ''
    const directory = await mkdtemp(join(tmpdir(), 'rouse-docs-'))
    await mkdir(join(directory, 'agents'))
    await writeFile(join(directory, 'agents/ci-doctor.md'), 'Look at the jobs.')
    await writeFile(join(directory, 'config.yaml'), example)
    const kinds = Object.values(sourceKinds)
    const config = await loadConfig({ file: join(directory, 'config.yaml'), environment, kinds })
    expect(config.warnings).toEqual([])
    expect(config.agents.get('ci-doctor')?.grants).toHaveLength(2)
    await rm(directory, { recursive: true })
  })

  it('documents no key that does not exist', () => {
    const known = new Set(all.map(({ name }) => name))
    const rows = docs.split('\n').flatMap((line) => /^\| `([a-z_]+)` \|/.exec(line)?.[1] ?? [])
    expect(rows.length).toBeGreaterThan(60)
    expect(rows.filter((name) => !known.has(name))).toEqual([])
  })
})
