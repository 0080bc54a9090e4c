import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { openSecretFile } from '../../src/sources/engine/secret-file.js'

const directory = mkdtempSync(join(tmpdir(), 'rouse-secrets-'))
const path = join(directory, 'secrets')
afterEach(() => rmSync(path, { force: true }))

it('has what was added, in order and once, for the owner alone, and also after it was opened again', () => {
  const file = openSecretFile(path)
  expect(file.read()).toEqual([])
  for (const secret of ['one', 'two', 'one']) file.add(secret)
  expect(file.read()).toEqual(['one', 'two'])
  expect(openSecretFile(path).read()).toEqual(['one', 'two'])
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('sees what a person changed in it, and keeps the latest eight', () => {
  const file = openSecretFile(path)
  file.add('one')
  writeFileSync(path, `${Array.from({ length: 10 }, (_, at) => `secret-${at}`).join('\n')}\n`)
  expect(file.read()).toEqual(Array.from({ length: 8 }, (_, at) => `secret-${at + 2}`))
})

it('adds a line of its own, whatever a person has left', () => {
  writeFileSync(path, 'typed', { mode: 0o600 })
  openSecretFile(path).add('handed')
  openSecretFile(path).add('another')
  expect(readFileSync(path, 'utf8')).toBe('typed\nhanded\nanother\n')
})

it('is not used while others can read it', () => {
  const file = openSecretFile(path)
  file.add('one')
  chmodSync(path, 0o644)
  expect(() => file.read()).toThrow(/chmod 600/)
})

it('makes its folder, for the owner alone', () => {
  const folder = join(directory, 'new')
  openSecretFile(join(folder, 'secrets')).add('one')
  expect(readFileSync(join(folder, 'secrets'), 'utf8')).toBe('one\n')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

it('says where it cannot be written, and that the sender may come again', () => {
  writeFileSync(path, '')
  chmodSync(path, 0o600)
  const error = thrownBy(() => openSecretFile(join(path, 'secrets')).add('one'))
  expect(error).toMatchObject({ code: 'config.unavailable', retry: 'later' })
  expect(String(error)).toContain(join(path, 'secrets'))
})

function thrownBy(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
