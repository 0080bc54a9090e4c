import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const src = join(root, 'src')

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
const textOf = new Map(files.map((name) => [name, readFileSync(join(src, name), 'utf8')]))

const floors: Record<string, number> = {
  util: 0,
  domain: 1,
  sources: 2,
  models: 2,
  tools: 2,
  policy: 2,
  store: 2,
  config: 2,
  ingest: 3,
  runs: 3,
  http: 4,
  admin: 4,
  poller: 4,
  'daemon.ts': 5,
  cli: 6,
  'main.ts': 7,
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

function importsOf(file: string): string[] {
  const text = textOf.get(file) ?? ''
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')
  return found.map((specifier) =>
    relative(src, resolve(join(src, dirname(file)), specifier))
      .replaceAll('\\', '/')
      .replace(/\.js$/, '.ts'),
  )
}

/** What may be used in one place only, and what to use elsewhere. */
const banned: { pattern: RegExp; except: RegExp; instead: string }[] = [
  { pattern: /\bprocess\.env\b/, except: /^util\/env\.ts$/, instead: 'take an Environment (util/env.ts)' },
  {
    pattern: /\bDate\.now\(|new Date\(\)|performance\.now\(/,
    except: /^util\/clock\.ts$/,
    instead: 'take a Clock (util/clock.ts)',
  },
  {
    pattern: /\bglobalThis\.fetch\(|(?<![.\w]|async )fetch\(/,
    except: /^util\/fetch\.ts$/,
    instead: 'use util/fetch.ts',
  },
  {
    pattern: /timingSafeEqual|createHmac/,
    except: /^util\/signature\.ts$/,
    instead: 'use util/signature.ts',
  },
  { pattern: /\bconsole\.\w+\(/, except: /^cli\//, instead: 'take a Logger (util/log.ts)' },
  { pattern: /(?<![.\w])eval\(|new Function\(/, except: /^$/, instead: 'use util/cel.ts for expressions' },
  {
    pattern: /Object\.assign\(/,
    except: /^$/,
    instead: 'use spread: Object.assign runs setters such as __proto__',
  },
  { pattern: /@ts-ignore|@ts-expect-error|\bas any\b|: any\b/, except: /^$/, instead: 'give it a type' },
  { pattern: /export default/, except: /^$/, instead: 'use a named export' },
]

describe('style', () => {
  it('every file stands in a room', () => {
    expect(files.filter((file) => !(roomOf(file) in floors))).toEqual([])
  })

  it('a file imports its own room or a lower floor', () => {
    const wrong: string[] = []
    for (const file of files) {
      for (const target of importsOf(file)) {
        const from = roomOf(file)
        const to = roomOf(target)
        if (from === to) continue
        if ((floors[to] ?? 99) >= (floors[from] ?? -1)) wrong.push(`${file} imports ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('imports make no cycles', () => {
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, trail: string[]) => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
        return
      }
      state.set(file, 'open')
      for (const target of importsOf(file)) if (textOf.has(target)) visit(target, [...trail, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('no file is longer than 400 lines', () => {
    const long = files.filter((file) => (textOf.get(file) ?? '').split('\n').length > 401)
    expect(long).toEqual([])
  })

  it('what has one place is used in that place only', () => {
    const wrong: string[] = []
    for (const file of files) {
      const lines = (textOf.get(file) ?? '').split('\n')
      for (const { pattern, except, instead } of banned) {
        if (except.test(file)) continue
        for (const [at, line] of lines.entries()) {
          if (/^\s*(\*|\/\/|\/\*)/.test(line)) continue
          if (pattern.test(line)) wrong.push(`src/${file}:${at + 1} uses ${pattern.source}; ${instead}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('what tests share registers nothing of its own, because files of one worker load it once', () => {
    const shared = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file),
    )
    const hooked = shared.filter((file) =>
      /^(?:before|after)(?:Each|All)\(/m.test(readFileSync(join(root, 'test', file), 'utf8')),
    )
    expect(shared.length).toBeGreaterThan(50)
    expect(hooked).toEqual([])
  })

  it('file names are kebab-case and none is a catch-all', () => {
    const names = files.flatMap((file) => file.split('/'))
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.tsx?)?$/.test(name))).toEqual([])
    expect(names.filter((name) => /^(utils|helpers|common|manager|service|index)\b/.test(name))).toEqual([])
  })
})
