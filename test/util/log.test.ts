import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger, escapeControls, type LoggerOptions, type LogLevel } from '../../src/util/log.js'
import { createRedactor } from '../../src/util/redact.js'

const clock = { now: () => Date.UTC(2026, 10, 21, 7, 0, 0, 123), monotonic: () => 0 }

function logTo(lines: string[], options: Partial<LoggerOptions> = {}) {
  return createLogger({
    level: 'info',
    clock,
    destination: { write: (line) => lines.push(line) },
    ...options,
  })
}

const hostile =
  'a\u001b]0;owned\u0007 \u001b[31m\u009b2J \r\n{"level":"error"} \u202eevil\u2066 \u200b\u2028 \u{e0041} 👩‍💻 é'

describe('createLogger', () => {
  it('writes one JSON object a line with time, level, message and fields', () => {
    const lines: string[] = []
    logTo(lines).child({ run: 'run_1' }).info({ turns: 3 }, 'run finished')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('}\n')).toBe(true)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-11-21T07:00:00.123Z',
      run: 'run_1',
      turns: 3,
      msg: 'run finished',
    })
  })

  it('writes nothing under its level', () => {
    const lines: string[] = []
    const log = logTo(lines, { level: 'warn' })
    log.debug({}, 'no')
    log.info({}, 'no')
    log.warn({}, 'yes')
    log.error({}, 'yes')
    expect(lines).toHaveLength(2)
    logTo(lines, { level: 'silent' }).error({}, 'no')
    expect(lines).toHaveLength(2)
  })

  it.each([false, true])(
    'lets no control, bidi or invisible character of a value or message through (pretty: %s)',
    (pretty) => {
      const lines: string[] = []
      const error = new Error(hostile)
      logTo(lines, { pretty }).warn({ title: hostile, [hostile]: [hostile], err: error }, hostile)
      // Without the stack, one line is one line; the stack is indented under it.
      const text = pretty ? stripVTControlCharacters(lines.join('')) : lines.join('')
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      for (const line of text.trimEnd().split('\n').slice(1)) expect(line.startsWith('    ')).toBe(true)
    },
  )

  it('keeps the value of every string in JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const lines: string[] = []
        logTo(lines).info({ value }, value)
        const wellFormed = Buffer.from(value).toString()
        expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1)
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({
          value: wellFormed,
          msg: wellFormed,
        })
      }),
    )
  })

  it.each([false, true])('redacts secrets wherever they stand (pretty: %s)', (pretty) => {
    const lines: string[] = []
    const log = logTo(lines, { pretty, redact: createRedactor(['sk_test_"CANARY"']) })
    const nested = { a: [{ b: 'x sk_test_"CANARY" y' }] }
    log
      .child({ key: 'sk_test_"CANARY"' })
      .error({ nested, err: new Error('bad key sk_test_"CANARY"') }, 'key sk_test_"CANARY"')
    expect(lines.join('')).not.toContain('CANARY')
    expect(lines.join('')).toContain('[redacted]')
  })

  it('says of an error what and where it was, not what libraries hang on it', () => {
    const lines: string[] = []
    const hung = {
      headers: { authorization: 'Bearer CANARY' },
      body: 'CANARY',
      request: { url: '?sig=CANARY' },
    }
    const inner = Object.assign(new Error('inner'), hung)
    const error = Object.assign(new Error('broke', { cause: inner }), hung, { code: 'ECODE' })
    const log = logTo(lines)
    log.error({ err: error }, 'fault')
    log.error({ err: new AggregateError([error], 'many') }, 'fault')
    log.error({ err: 'thrown text' }, 'fault')
    expect(lines.join('')).not.toContain('CANARY')
    const [single, several, text] = lines.map((line) => JSON.parse(line).err)
    const first = { type: 'Error', code: 'ECODE', message: 'broke: inner' }
    expect(single).toEqual({ ...first, stack: expect.stringContaining('caused by: Error: inner') })
    expect(several).toMatchObject({ type: 'AggregateError', message: 'many', errors: [first] })
    expect(text).toMatchObject({ message: 'thrown text' })
  })

  it.each([false, true])(
    'writes whole lines also where a secret is part of what JSON needs (pretty: %s)',
    (pretty) => {
      const lines: string[] = []
      const log = logTo(lines, {
        pretty,
        redact: createRedactor(['9876543210', 'sk_CANARY1\\', '"b":"x9"}']),
      })
      log.info({ n: 9876543210, text: 'x sk_CANARY1\\', a: { b: 'x9' } }, 'sk_CANARY1\\ y')
      expect(lines.join('')).not.toMatch(/CANARY|9876/)
      if (!pretty) expect(JSON.parse(lines.join(''))).toMatchObject({ n: '[redacted]', text: 'x [redacted]' })
    },
  )

  it('writes big integers in digits', () => {
    const lines: string[] = []
    logTo(lines).info({ id: 9007199254740993n }, 'big')
    expect(lines[0]).toContain('"id":9007199254740993')
  })

  it('follows a level and a form that change while the process runs, also in what was made before', () => {
    const lines: string[] = []
    let level: LogLevel = 'silent'
    let pretty = false
    const log = logTo(lines, { level: () => level, pretty: () => pretty })
    const child = log.child({ run: 'run_1' })
    child.error({}, 'not yet')
    level = 'warn'
    child.info({}, 'too little')
    child.warn({}, 'told')
    pretty = true
    level = 'debug'
    child.debug({}, 'all')
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', run: 'run_1', msg: 'told' })
    expect(stripVTControlCharacters(lines[1] ?? '')).toBe('07:00:00.123 debug all  run=run_1\n')
  })

  it('cuts ids to what commands take, on a terminal alone', () => {
    const run = `run_${'0193b6f1e4c2'}${'7'.repeat(20)}`
    const delivery = run.replace('run', 'dlv')
    for (const pretty of [true, false]) {
      const lines: string[] = []
      logTo(lines, { pretty }).info({ run, delivery }, `see ${run}`)
      const text = stripVTControlCharacters(lines.join(''))
      expect(text).toContain(`see ${run}`)
      expect(text).toContain(pretty ? `run=${run.slice(0, 20)} delivery=${delivery}` : `"run":"${run}"`)
    }
  })

  it('has no colour where standard error shows none', () => {
    const lines: string[] = []
    logTo(lines, { pretty: true }).error({ a: 1 }, 'x')
    if (process.stderr.isTTY !== true) expect(lines.join('')).not.toContain('\u001b')
  })

  it('writes lines for a terminal', () => {
    const lines: string[] = []
    const log = logTo(lines, { pretty: true })
    log.info({ run: 'run_1', reason: 'two words', count: 3 }, 'run finished')
    log.error({}, 'bare')
    expect(stripVTControlCharacters(lines.join(''))).toBe(
      '07:00:00.123 info  run finished  run=run_1 reason="two words" count=3\n07:00:00.123 error bare\n',
    )
  })
})

describe('escapeControls', () => {
  it('leaves ordinary Unicode as it is', () => {
    const text = 'Straße, 東京, עברית, 👍🏽, ✓'
    expect(escapeControls(text)).toBe(text)
  })

  it('writes characters beyond 16 bits as two units', () => {
    expect(escapeControls('\u{e0041}')).toBe('\\udb40\\udc41')
  })
})
