import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sourceContract } from '../contract/source.js'
import { acme } from './acme.js'
import { readFixtureText, type SourceFixture } from './setting.js'

/** The sender of docs/adding-a-source.md: one small file and its fixture, and all of the contract holds. */

sourceContract('acme', acme, JSON.parse(readFixtureText('acme.json')) as SourceFixture)

describe('docs/adding-a-source.md', () => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'adding-a-source.md'), 'utf8')
  const code = readFileSync(join(import.meta.dirname, 'acme.ts'), 'utf8')

  it('shows the whole sender, as it is tested here', () => {
    expect(docs).toContain(code.replaceAll('../../src/sources/engine/', './engine/'))
    expect(code.split('\n').length).toBeLessThan(70)
  })

  it('names every key of a fixture', () => {
    const setting = readFileSync(join(import.meta.dirname, 'setting.ts'), 'utf8')
    const [, fields = ''] = /export interface SourceFixture \{\n([\s\S]*?)\n\}/.exec(setting) ?? []
    const keys = [...fields.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, key]) => key)
    expect(keys.length).toBeGreaterThan(10)
    expect(keys.filter((key) => !docs.includes(`\`${key}\``))).toEqual([])
  })
})
