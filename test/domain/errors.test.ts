import { describe, expect, it } from 'vitest'
import {
  AppError,
  ConfigError,
  errorCodes,
  LimitError,
  ModelError,
  StoreError,
  toAppError,
  VerificationError,
} from '../../src/domain/errors.js'

describe('error codes', () => {
  it.each(Object.entries(errorCodes))('%s has a room, a name and a sentence', (code, sentence) => {
    expect(code).toMatch(/^[a-z]+\.[a-z_]+$/)
    expect(sentence).toMatch(/^\S.*\.$/)
  })
})

describe('AppError', () => {
  it('is not tried again unless it says so', () => {
    expect(new AppError('tool.status', 'x').retry).toBe('never')
    expect(new AppError('tool.status', 'x', { retry: { afterMs: 5 } }).retry).toEqual({ afterMs: 5 })
    expect(new AppError('tool.status', 'x').details).toEqual({})
  })

  it('keeps its cause, its own name and its kind', () => {
    const cause = new Error('inner')
    const error = new VerificationError('verification.stale_timestamp', 'x', { cause })
    expect(error).toBeInstanceOf(AppError)
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.cause, error.code]).toEqual([
      'VerificationError',
      cause,
      'verification.stale_timestamp',
    ])
    expect('cause' in new LimitError('limit.turns', 'x')).toBe(false)
    expect(error).not.toBeInstanceOf(ModelError)
  })

  it('of a configuration has every problem with its place', () => {
    const problem = { file: 'config.yaml', line: 1, column: 2, path: 'agents', message: 'x' }
    expect(new ConfigError('x', [problem])).toMatchObject({ code: 'config.invalid', problems: [problem] })
  })
})

describe('toAppError', () => {
  it('leaves one of ours as it is', () => {
    const error = new StoreError('store.locked', 'x')
    expect(toAppError(error)).toBe(error)
  })

  it.each<[string, unknown, string]>([
    ['an Error', new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'gone', 'gone'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    [
      'something that looks like ours',
      { code: 'store.locked', message: 'x', retry: 'never' },
      '[object Object]',
    ],
  ])('makes of %s an unexpected fault that is tried again later', (_what, cause, message) => {
    expect(toAppError(cause)).toMatchObject({ code: 'internal.unexpected', message, retry: 'later' })
    expect(toAppError(cause).cause).toBe(cause)
  })
})
