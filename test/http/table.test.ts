import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/hardening.md'), 'utf8')

interface Attacks {
  readonly receiver: readonly { readonly id: string; readonly cat: string }[]
}

it('docs/hardening.md names only files that are there', () => {
  const named = [...page.matchAll(/`((?:src|test)\/[^`]+)`/g)].map(([, path = '']) => path)
  expect(named.length).toBeGreaterThan(50)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

it('docs/hardening.md says of each case at the public listener where its test is', () => {
  const { receiver } = JSON.parse(readFileSync(join(root, 'test/fixtures/attacks.json'), 'utf8')) as Attacks
  // The dashboard's are the admin listener's, but for its paths on the public port.
  const ours = receiver.filter(({ id, cat }) => cat !== 'dash' || id === 'R058').map(({ id }) => id)
  expect(ours.length).toBeGreaterThan(25)
  expect(ours.filter((id) => !new RegExp(`^\\| .*\\b${id}\\b.*\`test/`, 'm').test(page))).toEqual([])
})
