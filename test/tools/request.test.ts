import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/domain/errors.js'
import type { Ids } from '../../src/domain/event.js'
import type { Tool } from '../../src/domain/tool.js'
import { freezeRequest } from '../../src/tools/request.js'
import type { Bindings } from '../../src/tools/tool.js'
import type { JsonObject } from '../../src/util/json.js'
import { arg, aTool, bindings, plainText, template } from './tools.js'

const text = arg({ type: 'text', minLength: 0, maxLength: 1000, rules: plainText })

function codeOf(tool: Tool, values: Bindings): string {
  try {
    freezeRequest(tool, values)
  } catch (error) {
    if (error instanceof PolicyError) return error.code
    throw error
  }
  return 'frozen'
}

describe('the URL of a request', () => {
  const tool = aTool({
    path: ['/repos/', { id: 'repo' }, '/actions/runs/', { id: 'run' }, '/jobs'],
    boundIds: ['repo', 'run'],
  })

  it('has the bound ids in its path, an id of two names with its slash', () => {
    const { url } = freezeRequest(tool, bindings({ ids: { repo: 'acme/web', run: '777' } }))
    expect(url).toBe('https://api.example.com/repos/acme/web/actions/runs/777/jobs')
  })

  it('has each character of an id that means something in a URL encoded', () => {
    const { url } = freezeRequest(tool, bindings({ ids: { repo: 'a?b#c%d\\e/f;g=h&i ü', run: '1' } }))
    expect(url).toBe(
      'https://api.example.com/repos/a%3Fb%23c%25d%5Ce/f%3Bg%3Dh%26i%20%C3%BC/actions/runs/1/jobs',
    )
  })

  it.each(['..', '.', '../..', 'a/../b', 'a//b', '/a', 'a/', './a', 'a/.', '/'])(
    'is refused for the id %j',
    (repo) => {
      expect(codeOf(tool, bindings({ ids: { repo, run: '1' } }))).toBe('policy.scope')
    },
  )

  it.each(['%2e%2e', '%2e%2e%2f', '..%2f', '..;', '.%00.'])('keeps the id %j a single name', (run) => {
    const { url } = freezeRequest(tool, bindings({ ids: { repo: 'a/b', run } }))
    expect(new URL(url).pathname.split('/')).toHaveLength(8)
    expect(decodeURIComponent(new URL(url).pathname.split('/')[6] ?? '')).toBe(run)
  })

  it('is refused when two ids together would go up', () => {
    const joined = aTool({ path: ['/a/', { id: 'x' }, { id: 'y' }, '/b'], boundIds: ['x', 'y'] })
    expect(codeOf(joined, bindings({ ids: { x: 'a', y: 'b' } }))).toBe('frozen')
    const dotted = aTool({ path: ['/a/.', { id: 'x' }, '/b'], boundIds: ['x'] })
    expect(codeOf(dotted, bindings({ ids: { x: '.' } }))).toBe('policy.scope')
  })

  it.each(['/a/../b', '/a/./b', '/a/%2e%2E/b'])('is refused where the path itself goes up: %s', (path) => {
    expect(codeOf(aTool({ path: [path] }), bindings())).toBe('policy.scope')
  })

  const incomplete: Ids[] = [{}, { repo: 'acme/web' }, { repo: '', run: '1' }, { repo: '\ud800', run: '1' }]
  it.each(incomplete)('is refused without its ids: %j', (ids) => {
    expect(codeOf(tool, bindings({ ids }))).toBe('policy.scope')
  })

  it('takes an id only from its own names', () => {
    const odd = aTool({ path: ['/', { id: 'constructor' }], boundIds: ['constructor'] })
    expect(codeOf(odd, bindings())).toBe('policy.scope')
  })

  it('has its query encoded, lists repeated, and leaves out what is null', () => {
    const search = aTool({
      query: [
        ['q', template('{{ args.q }}')],
        ['sort', template('{{ args.sort }}')],
        ['label[]', template('{{ args.labels }}')],
        ['fixed', template('a b')],
        ['mixed', template('repo:{{ ids.repo }} {{ args.q }}')],
      ],
      args: {
        q: text,
        sort: { ...text, optional: true },
        labels: arg({ type: 'list', values: ['x', 'y'], maxItems: 2 }),
      },
    })
    const { url } = freezeRequest(
      search,
      bindings({ ids: { repo: 'a/b' }, args: { q: 'x&repo=acme/payroll#', labels: ['x', 'y'] } }),
    )
    expect(url).toBe(
      'https://api.example.com/v1/things?q=x%26repo%3Dacme%2Fpayroll%23&label%5B%5D=x&label%5B%5D=y&fixed=a%20b' +
        '&mixed=repo%3Aa%2Fb%20x%26repo%3Dacme%2Fpayroll%23',
    )
  })

  it('is refused when it is longer than servers take', () => {
    const search = aTool({ query: [['q', template('{{ args.q }}')]], args: { q: text } })
    expect(codeOf(search, bindings({ args: { q: 'x'.repeat(9000) } }))).toBe('policy.schema')
  })

  it('keeps literal text of the path as a URL writes it', () => {
    const { url } = freezeRequest(aTool({ path: ['/a b/ü/%41'] }), bindings())
    expect(url).toBe('https://api.example.com/a%20b/%C3%BC/%41')
    expect(freezeRequest(aTool({ path: [] }), bindings()).url).toBe('https://api.example.com/')
  })
})

describe('the headers of a request', () => {
  it('are sorted, in lower case, with ours where the tool says nothing else', () => {
    const tool = aTool({
      headers: [
        ['X-Version', template('2022')],
        ['Accept', template('application/vnd.github+json')],
      ],
    })
    expect(Object.entries(freezeRequest(tool, bindings()).headers)).toEqual([
      ['accept', 'application/vnd.github+json'],
      ['user-agent', 'rouse'],
      ['x-version', '2022'],
    ])
  })

  it.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0', 'ü', '\u007f'])('are refused with the value %j', (value) => {
    const tool = aTool({ headers: [['x-reason', template('{{ args.reason }}')]], args: { reason: text } })
    expect(codeOf(tool, bindings({ args: { reason: value } }))).toBe('policy.schema')
  })
})

describe('the body of a request', () => {
  const json = (entries: Extract<Tool['body'], { kind: 'json' }>['tree'], args: Tool['args'] = {}) =>
    aTool({ method: 'POST', body: { kind: 'json', tree: entries }, args })

  it('keeps types, order and nesting, and leaves out what is null', () => {
    const tool = json(
      {
        kind: 'object',
        entries: [
          ['z', template('{{ args.amount }}')],
          ['a', template('{{ args.note }}')],
          ['literal', { kind: 'literal', value: null }],
          [
            'list',
            {
              kind: 'list',
              items: [
                template('{{ ids.charge }}'),
                template('{{ args.note }}'),
                { kind: 'literal', value: 7 },
              ],
            },
          ],
          [
            'inner',
            { kind: 'object', entries: [['text', template('charge {{ ids.charge }}: {{ args.amount }}')]] },
          ],
          ['sum', template('{{ args.amount + 1 }}')],
          ['five', template('{{ 5 }}')],
          ['flag', template('{{ args.amount > 3.0 }}')],
          ['whole', template('{{ facts.charge }}')],
        ],
      },
      { amount: arg({ type: 'integer', min: 1, max: undefined }), note: { ...text, optional: true } },
    )
    const facts = { charge: { id: 9007199254740993n, list: [1.5, 'x', null] } }
    const { body, headers } = freezeRequest(
      tool,
      bindings({ ids: { charge: 'ch_1' }, args: { amount: 5 }, facts }),
    )
    expect(body).toBe(
      '{"z":5,"literal":null,"list":["ch_1",7],"inner":{"text":"charge ch_1: 5"},"sum":6,"five":5,"flag":true,' +
        '"whole":{"id":9007199254740993,"list":[1.5,"x",null]}}',
    )
    expect(headers['content-type']).toBe('application/json')
  })

  it('carries text byte for byte', () => {
    const note = 'Grüße 👩‍💻\n```js\nx = "a\\b"\n```\u202e'
    const tool = json({ kind: 'object', entries: [['note', template('{{ args.note }}')]] }, { note: text })
    const { body } = freezeRequest(tool, bindings({ args: { note } }))
    expect(JSON.parse(body ?? '')).toEqual({ note })
  })

  it('takes __proto__ as an ordinary name', () => {
    const tool = json({ kind: 'object', entries: [['__proto__', template('{{ facts.x }}')]] })
    const facts = JSON.parse('{"x": {"__proto__": {"a": 1}}}') as JsonObject
    expect(freezeRequest(tool, bindings({ facts })).body).toBe('{"__proto__":{"__proto__":{"a":1}}}')
  })

  it('can be a form', () => {
    const tool = aTool({
      method: 'POST',
      body: {
        kind: 'form',
        entries: [
          ['charge', template('{{ ids.charge }}')],
          ['amount', template('{{ args.amount }}')],
          ['note', template('{{ args.note }}')],
          ['expand[]', template('{{ args.labels }}')],
        ],
      },
      args: {
        amount: arg({ type: 'integer', min: 1, max: 9 }),
        note: { ...text, optional: true },
        labels: arg({ type: 'list', values: ['a', 'b'], maxItems: 2 }),
      },
    })
    const { body, headers } = freezeRequest(
      tool,
      bindings({ ids: { charge: 'ch_1&x=2' }, args: { amount: 5, labels: ['a', 'b'] } }),
    )
    expect(body).toBe('charge=ch_1%26x%3D2&amount=5&expand%5B%5D=a&expand%5B%5D=b')
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  it.each([
    ['a value that is missing', '{{ facts.charge.amount }}'],
    ['an operation on the wrong types', '{{ args.note + 1 }}'],
    ['a division that gives no number', '{{ 0.0 / 0.0 }}'],
    ['a time, which JSON does not have', '{{ timestamp("2026-01-01T00:00:00Z") }}'],
    ['bytes', '{{ b"x" }}'],
    ['null within a text', 'a {{ args.missing }}'],
    ['a list within a text', 'a {{ facts.list }}'],
  ])('is refused where a template has %s', (_name, source) => {
    const tool = json(
      { kind: 'object', entries: [['x', template(source)]] },
      { note: text, missing: { ...text, optional: true } },
    )
    expect(codeOf(tool, bindings({ args: { note: 'n' }, facts: { list: [] } }))).toBe('policy.schema')
  })

  it('is refused where a form or a query would need an object', () => {
    const tool = aTool({ query: [['x', template('{{ facts.o }}')]] })
    expect(codeOf(tool, bindings({ facts: { o: { a: 1 } } }))).toBe('policy.schema')
  })
})

describe('the digest of a request', () => {
  const tool = aTool({
    method: 'POST',
    path: ['/x/', { id: 'a' }],
    boundIds: ['a'],
    headers: [['x-h', template('{{ args.h }}')]],
    body: { kind: 'json', tree: { kind: 'object', entries: [['b', template('{{ args.b }}')]] } },
    args: { h: text, b: text },
  })
  const values = bindings({ ids: { a: '1' }, args: { h: 'h', b: 'b' } })
  const digestOf = (changed: Tool, given: Bindings) => freezeRequest(changed, given).digest

  it('is the same for the same bindings', () => {
    expect(digestOf(tool, values)).toMatch(/^[0-9a-f]{64}$/)
    expect(digestOf(tool, structuredClone(values))).toBe(digestOf(tool, values))
  })

  it.each([
    ['method', { ...tool, method: 'PUT' as const }, values],
    ['origin', { ...tool, origin: 'https://api.example.org' }, values],
    ['path', tool, bindings({ ...values, ids: { a: '2' } })],
    ['header', tool, bindings({ ...values, args: { h: 'i', b: 'b' } })],
    ['body', tool, bindings({ ...values, args: { h: 'h', b: 'c' } })],
    ['absence of a body', { ...tool, body: { kind: 'none' as const } }, values],
  ])('changes with the %s', (_name, changed, given) => {
    expect(digestOf(changed, given)).not.toBe(digestOf(tool, values))
  })
})

describe('whatever an id, an argument or a fact holds', () => {
  const tool = aTool({
    method: 'POST',
    origin: 'https://api.example.com:8443',
    path: ['/v1/', { id: 'owner' }, '/x-', { id: 'thing' }, '/end'],
    boundIds: ['owner', 'thing'],
    query: [
      ['q', template('{{ args.q }}')],
      ['r', template('r:{{ args.q }}')],
    ],
    headers: [['x-note', template('{{ args.h }}')]],
    body: {
      kind: 'json',
      tree: {
        kind: 'object',
        entries: [
          ['q', template('{{ args.q }}')],
          ['f', template('{{ facts.f }}')],
        ],
      },
    },
    args: { q: text, h: text },
  })
  const tricky = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        '.',
        '/',
        '%',
        '2',
        'e',
        'E',
        'F',
        '\\',
        '?',
        '#',
        '@',
        ':',
        '\r',
        '\n',
        ' ',
        'a',
        '&',
        '=',
        '\t',
        '\0',
        '；',
        '．',
      ),
    }),
    fc.constantFrom('..', '%2e%2e/', '//evil.test', 'https://evil.test/', '@evil.test', '__proto__', '/../'),
  )

  it('origin, method, shape of the path, names of parameters and headers stay the tool’s own', () => {
    let frozen = 0
    fc.assert(
      fc.property(tricky, tricky, tricky, tricky, (owner, thing, q, h) => {
        let request: ReturnType<typeof freezeRequest>
        try {
          request = freezeRequest(tool, bindings({ ids: { owner, thing }, args: { q, h }, facts: { f: q } }))
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError)
          return
        }
        frozen++
        const url = new URL(request.url)
        expect([request.method, url.origin, url.username, url.hash]).toEqual(['POST', tool.origin, '', ''])
        const segments = url.pathname.split('/')
        const inner = owner.split('/').length + thing.split('/').length
        expect(segments).toHaveLength(inner + 3)
        expect([segments[1], segments.at(-1)]).toEqual(['v1', 'end'])
        expect(decodeURIComponent(url.pathname)).toBe(`/v1/${owner}/x-${thing}/end`)
        expect([...url.searchParams.keys()]).toEqual(['q', 'r'])
        expect(Object.keys(request.headers)).toEqual(['accept', 'content-type', 'user-agent', 'x-note'])
        expect(Object.values(request.headers).join('')).not.toMatch(/[\r\n\0]/)
        expect(Object.keys(JSON.parse(request.body ?? '{}'))).toEqual(['q', 'f'])
        expect(request.url).toBe(url.href)
      }),
      { numRuns: 1000 },
    )
    expect(frozen).toBeGreaterThan(20)
  })
})
