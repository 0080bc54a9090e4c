import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Coverage, faultCoverage } from './fault-coverage.js'

const root = resolve(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

interface Fault {
  readonly id: string
  readonly area: string
  readonly fault: string
  readonly expect: string
}

const { faults } = JSON.parse(textOf('test/fixtures/faults.json')) as { faults: Fault[] }
const entries = Object.entries(faultCoverage)

/** Whether a file has a test of this title: as a quoted string, or a template of a loop. */
function hasTest(file: string, name: string): boolean {
  const text = textOf(file)
  return [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted))
}

describe('every fault of the list', () => {
  it('stands in the map, and no other', () => {
    expect(Object.keys(faultCoverage)).toEqual(faults.map(({ id }) => id))
  })

  it('is covered by tests, or waits for a part of rouse, with the reason', () => {
    const empty = entries.filter(([, { tests, waitsFor }]) => tests.length === 0 && waitsFor === undefined)
    expect(empty.map(([id]) => id)).toEqual([])
    for (const [id, { waitsFor }] of entries) {
      if (waitsFor) expect(waitsFor.because.length, id).toBeGreaterThan(20)
    }
  })

  it('names tests that are there, by their exact titles', () => {
    const missing = entries.flatMap(([id, { tests }]) =>
      tests
        .filter(({ file, name }) => !hasTest(file, name))
        .map(({ file, name }) => `${id}: ${file}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('is in docs/faults.md as the map has it (write it anew: npx vitest run test/faults.test.ts -u)', async () => {
    await expect(page()).toMatchFileSnapshot(join(root, 'docs/faults.md'))
  })
})

function page(): string {
  const waiting = entries.filter(([, { waitsFor }]) => waitsFor !== undefined).length
  const rows = faults.map(({ id, fault, expect: expected }) => {
    const coverage = faultCoverage[id]
    return `| ${id} | ${cell(fault)} | ${cell(expected)} | ${coverage ? coveredBy(coverage) : ''} |`
  })
  return `# Faults

What may go wrong, what rouse is to do then, and the tests that make it go wrong: ${faults.length} faults, of which
${waiting} wait in part or whole for something that is still to come. A test holds this page to
[the list](../test/fixtures/faults.json) and every title to its file; \`%s\` in a title stands for its cases.
\`npm run faults\` tries the kill points (K01 to K24) on the real process, over and over.

| fault | what happens | what is expected | covered by, waits for |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function coveredBy({ tests, waitsFor }: Coverage): string {
  const files = new Map<string, string[]>()
  for (const { file, name } of tests) files.set(file, [...(files.get(file) ?? []), name])
  const parts = [...files].map(
    ([file, names]) => `\`${file}\`: ${names.map((name) => `*${cell(name)}*`).join('; ')}`,
  )
  if (waitsFor) parts.push(`**waits for ${waitsFor.part}**: ${waitsFor.because}`)
  return parts.join('<br>')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*')
}
