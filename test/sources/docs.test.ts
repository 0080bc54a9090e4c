import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind } from '../../src/sources/source.js'

const docs = join(import.meta.dirname, '..', '..', 'docs')
/** The page with the table, and a page for each group of senders. */
const text = readFileSync(join(docs, 'sources.md'), 'utf8')
const pages = readdirSync(join(docs, 'sources')).filter((file) => file.endsWith('.md'))
const texts = [text, ...pages.map((file) => readFileSync(join(docs, 'sources', file), 'utf8'))]
const headed = texts.flatMap((page) =>
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')).trim(), section] as const),
)
const sections = new Map(headed)
const kinds: readonly SourceKind[] = Object.values(sourceKinds)

/** A good secret for every `${VAR}`, as text, in base64 and in hex; nothing for `${VAR:-}`. */
function filled(yaml: string): string {
  return yaml
    .replaceAll(/\$\{[A-Z0-9_]+:-\}/g, '')
    .replaceAll(/\$\{[A-Z0-9_]+\}/g, '31f2a3e0ab3c91b462ad3c5003f2082b')
}

const examples = [...texts.join('\n').matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, yaml = '']) =>
  Object.entries(parse(filled(yaml)) as Record<string, { kind: string }>),
)

/** Every key under `properties`, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own =
    'properties' in schema && typeof schema.properties === 'object'
      ? Object.keys(schema.properties ?? {})
      : []
  return [...new Set([...own, ...Object.values(schema).flatMap(keysOf)])]
}

describe('docs/sources.md and docs/sources/*.md', () => {
  it('has a row and a section for every kind, and no others', () => {
    const names = kinds.map(({ kind }) => kind)
    expect(names.filter((name) => !text.includes(`| \`${name}\``))).toEqual([])
    expect(names.filter((name) => !sections.has(name))).toEqual([])
    const others = ['What holds for all', 'Kinds']
    const headings = headed.map(([name]) => name).filter((name) => !others.includes(name))
    expect(headings.filter((name) => !(name in sourceKinds))).toEqual([])
    expect(headings).toHaveLength(new Set(headings).size)
  })

  it('names every id that a kind ships', () => {
    for (const [name, { kind: kindName, ...options }] of examples) {
      const kind = kinds.find((each) => each.kind === kindName)
      const parsed = kind?.options.safeParse({ ...options, ids: undefined }).data
      const ids = parsed === undefined ? [] : (kind?.idNames(parsed) ?? [])
      const missing = ids.filter((id) => !sections.get(kindName)?.includes(`\`${id}\``))
      expect([name, missing]).toEqual([name, []])
    }
    for (const name of ['github', 'gitlab', 'stripe', 'zendesk', 'slack']) {
      expect(examples.filter(([, { kind }]) => kind === name)).not.toEqual([])
    }
  })

  it('has an example of every kind, and each loads', () => {
    expect(new Set(examples.map(([, { kind }]) => kind))).toEqual(new Set(Object.keys(sourceKinds)))
    for (const [name, { kind: kindName, ...options }] of examples) {
      const kind = kinds.find((each) => each.kind === kindName)
      const issues = kind?.options.safeParse(options).error?.issues.map(({ message }) => message) ?? []
      expect([name, issues]).toEqual([name, []])
    }
  })

  it('shows every key of a custom source', () => {
    const schema = z.toJSONSchema(sourceKinds.custom.options, { io: 'input', unrepresentable: 'any' })
    const keys = keysOf(JSON.parse(JSON.stringify(schema)))
    expect(keys.length).toBeGreaterThan(25)
    const section = sections.get('custom') ?? ''
    expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(section))).toEqual([])
  })

  it('names the keys that are refused for now', () => {
    for (const key of ['dedupe', 'interval', 'deletes', 'each', 'reconciles', 'settle']) {
      expect(text).toContain(`\`${key}\``)
    }
  })
})
