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

it('is not used while others can read it', () => {
  const file = openSecretFile(path)
  file.add('one')
  chmodSync(path, 0o644)
  expect(() => file.read()).toThrow(/chmod 600/)
})

it('says where it cannot be written', () => {
  expect(() => openSecretFile(join(directory, 'nowhere', 'secrets')).add('one')).toThrow(/ENOENT/)
})
