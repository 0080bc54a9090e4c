import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind } from '../../src/sources/source.js'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sources.md'), 'utf8')
const sections = new Map(
  text.split(/^## /m).map((section) => [section.slice(0, section.indexOf('\n')).trim(), section] as const),
)
const kinds: readonly SourceKind[] = Object.values(sourceKinds)

/** A good secret for every `${VAR}`, and nothing for `${VAR:-}`. */
function filled(yaml: string): string {
  return yaml
    .replaceAll(/\$\{[A-Z_]+:-\}/g, '')
    .replaceAll(/\$\{[A-Z_]+\}/g, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
}

const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, yaml = '']) =>
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

describe('docs/sources.md', () => {
  it('has a row and a section for every kind, and no others', () => {
    for (const { kind } of kinds) {
      expect(text).toContain(`| \`${kind}\``)
      expect(sections.has(kind)).toBe(true)
    }
    const others = ['What holds for all', 'Kinds']
    const headings = [...sections.keys()].slice(1)
    expect(headings.filter((name) => !others.includes(name) && !(name in sourceKinds))).toEqual([])
  })

  it('names every id that a kind ships', () => {
    for (const [name, options] of Object.entries({
      github: { secret: 'k9vQ-2mXw-7bTz-4rNd' },
      gitlab: { token: 'k9vQ-2mXw-7bTz-4rNd' },
      stripe: { secret: 'k9vQ-2mXw-7bTz-4rNd' },
      zendesk: { secret: 'k9vQ-2mXw-7bTz-4rNd' },
      slack: { secret: 'k9vQ-2mXw-7bTz-4rNd' },
    })) {
      const kind = kinds.find((each) => each.kind === name)
      const ids = kind?.idNames(kind.options.parse(options)) ?? []
      expect(ids.length).toBeGreaterThan(3)
      const missing = ids.filter((id) => !sections.get(name)?.includes(`\`${id}\``))
      expect([name, missing]).toEqual([name, []])
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
    for (const key of [
      'handshake',
      'form',
      'dedupe',
      'interval',
      'deletes',
      'each',
      'reconciles',
      'settle',
    ]) {
      expect(text).toContain(`\`${key}\``)
    }
  })
})
