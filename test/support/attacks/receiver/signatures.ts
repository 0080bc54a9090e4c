import { createHmac, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../../wait.js'
import { Bench } from '../bench.js'
import { unless } from '../scenarios/steps.js'
import { hookSecret } from '../setting.js'
import { type Handler, type Post, refusedWith, type Site } from './site.js'

const body = '{"action":"opened","issue":{"number":1},"repository":{"full_name":"acme/api"}}'

function github(site: Site, signature: string | undefined): readonly ['pub', Post] {
  const { 'x-hub-signature-256': _, ...headers } = site.github(body)
  return [
    'pub',
    { headers: { ...headers, ...(signature !== undefined && { 'x-hub-signature-256': signature }) }, body },
  ]
}

const hmac = (text: string) => createHmac('sha256', hookSecret).update(text).digest('hex')

function stripe(header: string): readonly ['pay', Post] {
  return ['pay', { headers: { 'stripe-signature': header }, body }]
}

/** Of a timestamp as it is written, rightly signed. */
function stripeAt(time: string): readonly ['pay', Post] {
  return stripe(`t=${time},v1=${hmac(`${time}.${body}`)}`)
}

const now = () => Math.floor(Date.now() / 1000)

function standard(site: Site, around: (right: string) => string): readonly ['std', Post] {
  return ['std', { headers: site.standard(body, around), body }]
}

/** Proofs, and what is sent again. */
export const signatureHandlers: Readonly<Record<string, Handler>> = {
  R003: (site) =>
    refusedWith(site, [400, 401], {
      'sha256=': github(site, 'sha256='),
      nothing: github(site, ''),
      whitespace: github(site, '   '),
      't=,v1=': stripe(`t=${now()},v1=`),
      'v1,': standard(site, () => 'v1,'),
    }),
  R004: (site) => {
    const right = hmac(body)
    return refusedWith(site, [400, 401], {
      zz: github(site, 'sha256=zz'),
      short: github(site, 'sha256=ab'),
      odd: github(site, `sha256=${right.slice(1)}`),
      '0x': github(site, `sha256=0x${right.slice(2)}`),
      'with more': github(site, `sha256=${right}00`),
    })
  },
  R006: (site) => {
    const { 'x-hub-signature-256': right = '', ...others } = site.github(body)
    const twice = (first: string, second: string): readonly ['pub', Post] => {
      const both = [first, second].map((value) => ['x-hub-signature-256', value] as const)
      return ['pub', { headers: [...Object.entries(others), ...both], body }]
    }
    const bad = `sha256=${'0'.repeat(64)}`
    const at = now()
    const payments = [`t=${at},v1=${'0'.repeat(64)}`, `t=${at},v1=${hmac(`${at}.${body}`)}`]
    return refusedWith(site, [400, 401], {
      'bad then good': twice(bad, right),
      'good then bad': twice(right, bad),
      'stripe twice': [
        'pay',
        { headers: payments.map((value) => ['stripe-signature', value] as const), body },
      ],
    })
  },
  R007: async (site) => {
    const faults: string[] = []
    for (const place of [0, 2, 4]) {
      const listed = (right: string) =>
        Array.from({ length: 5 }, (_, index) => (index === place ? right : `v1,${'A'.repeat(43)}=`)).join(' ')
      const text = `{"type":"user.created","data":{"id":"u${place}"}}`
      const status = await site.status('std', { headers: site.standard(text, listed), body: text })
      if (status >= 300) faults.push(`the right signature at place ${place + 1} of 5 was answered ${status}`)
    }
    return faults
  },
  R008: async (site) => {
    const beganAt = performance.now()
    const faults = await refusedWith(site, [400, 401, 431], {
      'two hundred': standard(site, () => Array.from({ length: 200 }, () => 'v1,eA==').join(' ')),
    })
    const ms = performance.now() - beganAt
    return [...faults, ...unless([ms < 2000, `it took ${Math.round(ms)} ms`])]
  },
  R009: (site) => {
    const at = now()
    const { 'x-hub-signature-256': _, ...others } = site.github(body)
    const sha1 = createHmac('sha1', hookSecret).update(body).digest('hex')
    return refusedWith(site, [400, 401], {
      sha1: ['pub', { headers: { ...others, 'x-hub-signature': `sha1=${sha1}` }, body }],
      'sha1 in the newer header': github(site, `sha1=${sha1}`),
      v0: stripe(`t=${at},v0=${hmac(`${at}.${body}`)}`),
      'v1a without a key': standard(site, (right) => right.replace('v1,', 'v1a,')),
      'no signature at all': github(site, undefined),
    })
  },
  R010: async ({ bench: { world, attack } }) => {
    const bench = await Bench.open(world, attack, {
      change: (setting) => {
        const secrets = { empty: '', stars: '***', word: 'changeme', unset: `\${NOT_SET_ANYWHERE}` }
        for (const [name, secret] of Object.entries(secrets))
          setting.sources[name] = { kind: 'github', secret }
        setting.sources['prefix'] = { kind: 'standard-webhooks', secret: 'whsec_' }
        setting.sources['none'] = { kind: 'github' }
      },
    })
    try {
      const { code, output } = await bench.command('check')
      const names = ['empty', 'stars', 'word', 'unset', 'prefix', 'none']
      const missed = names.filter((name) => !output.includes(`sources.${name}`) && !output.includes(name))
      return unless(
        [code === 78, `rouse check ended with ${code}`],
        [missed.length === 0, `not named: ${missed.join()}: ${output.slice(0, 300)}`],
      )
    } finally {
      await bench.close()
    }
  },
  R011: async (site) => {
    const text = body.replace('"number":1', '"number":111')
    const status = await site.status('filed', { headers: site.github(text, site.filedSecret), body: text })
    return unless([status < 300, `with a secret from a file that ends with a line break: ${status}`])
  },
  R017: async (site) => {
    const { headers, body: text } = site.signed('pub')
    const first = await site.status('pub', { headers, body: text })
    const before = site.count()
    const again = { ...headers, 'x-github-delivery': randomUUID() }
    const second = await site.status('pub', { headers: again, body: text })
    await site.bench.rest()
    const after = site.count()
    return unless(
      [first < 300 && second < 300, `answered ${first} and ${second}`],
      [after.events === before.events, 'a new id on an old body made a second event'],
      [after.runs <= before.events, 'a new id on an old body made a second run'],
    )
  },
  'R017 restart': async ({ bench: { world, attack } }) => {
    const bench = await Bench.open(world, attack)
    try {
      await bench.start()
      const [first] = await bench.send()
      await bench.rest()
      await bench.end('SIGKILL')
      await bench.start()
      const [second] = await bench.send()
      await bench.rest()
      const { events, runs } = bench.ledger
      return unless(
        [
          events.length === 1 && runs.length <= 1,
          `${events.length} events and ${runs.length} runs are there`,
        ],
        [second === undefined || second === first, 'the second delivery was taken for another event'],
      )
    } finally {
      await bench.close()
    }
  },
  R018: (site) => {
    const at = now()
    const times = [at - 301, at + 301, 'NaN', '', '1e9', `${at}abc`, -at, at * 1000, `0${at}`, ` ${at}`]
    const posts = times.map((time) => [`t=${time}`, stripeAt(String(time))] as const)
    const twice = stripe(`t=${at - 4000},t=${at},v1=${hmac(`${at}.${body}`)}`)
    return refusedWith(site, [400, 401], { ...Object.fromEntries(posts), 'two times': twice })
  },
  R020: async (site) => {
    const before = site.count()
    const { headers, body: text } = site.signed('pub')
    const statuses = await Promise.all(
      Array.from({ length: 100 }, () => site.status('pub', { headers, body: text })),
    )
    await site.bench.rest()
    const after = site.count()
    const second = await site.bench.command('start')
    return unless(
      [statuses.every((status) => status < 300), `answered ${[...new Set(statuses)].join()}`],
      [after.events - before.events === 1, `${after.events - before.events} events were made of one`],
      [after.runs - before.runs === 1, `${after.runs - before.runs} runs were made of one`],
      [
        second.code === 1 && /store\.locked|another rouse/i.test(second.output),
        `a second process: ${second.output.slice(0, 160)}`,
      ],
    )
  },
  R064: async (site) => {
    const next = 'whk_filed_next_K3mYc6pk7Gq2nV'
    const say = async (secret: string, issue: number) => {
      const text = body.replace('"number":1', `"number":${issue}`)
      return site.status('filed', { headers: site.github(text, secret), body: text })
    }
    const reloads = () => site.bench.log.split('"configuration reloaded"').length
    const before = reloads()
    const first = await say(site.filedSecret, 641)
    await writeFile(join(site.bench.directory, 'hook'), next, { mode: 0o600 })
    await until('the new secret to be read', () => reloads() > before, 10_000)
    const statuses = [await say(next, 642), await say(site.filedSecret, 643)]
    return unless(
      [first < 300, `the old secret was answered ${first} before`],
      [(statuses[0] ?? 0) < 300, `the new secret was answered ${statuses[0]}`],
      [statuses[1] === 401, `the old secret was answered ${statuses[1]} after it was gone`],
    )
  },
}
