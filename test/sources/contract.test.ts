import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind } from '../../src/sources/source.js'
import { type ContractSupport, sourceContract } from '../contract/source.js'
import { readFixture } from './setting.js'

const names = readdirSync(join(import.meta.dirname, '..', 'fixtures', 'sources'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .filter((name) => !name.startsWith('senders'))

const kinds: readonly SourceKind[] = Object.values(sourceKinds)

for (const name of names) {
  const fixture = readFixture(name)
  const kind = kinds.find((each) => each.kind === fixture.kind)
  if (!kind) throw new Error(`the fixture ${name} is for a kind that there is not`)
  sourceContract(name, kind, fixture, await supportOf(name))
}

/** `support/<fixture>.ts`, for kinds that need a private key or something published. */
async function supportOf(name: string): Promise<ContractSupport> {
  const file = join(import.meta.dirname, 'support', `${name}.ts`)
  if (!existsSync(file)) return {}
  const { support } = (await import(file)) as { support: ContractSupport }
  return support
}

describe('registry', () => {
  it('lists every kind under its own name', () => {
    expect(Object.keys(sourceKinds)).toEqual(kinds.map((kind) => kind.kind))
  })

  it('has a fixture for every kind that receives deliveries', () => {
    const covered = new Set(names.map((name) => readFixture(name).kind))
    expect(kinds.filter((kind) => kind.open && !covered.has(kind.kind))).toEqual([])
  })
})
