import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { processEnvironment } from '../src/util/env.js'

const root = resolve(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

const versions = z.record(z.string(), z.string())
const manifest = z
  .object({
    name: z.string(),
    version: z.string(),
    dependencies: versions,
    devDependencies: versions,
    peerDependencies: versions,
    allowScripts: z.record(z.string(), z.boolean()),
  })
  .parse(JSON.parse(textOf('package.json')))

const entry = z.object({
  name: z.string().optional(),
  version: z.string(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  dev: z.boolean().default(false),
  link: z.boolean().default(false),
  hasInstallScript: z.boolean().default(false),
})
const { packages } = z
  .object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(textOf('package-lock.json')))
const locked = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, value]) => {
    const { name: ownName, ...rest } = entry.parse(value)
    const name = path.split('node_modules/').at(-1) ?? path
    return { ...rest, path, name, ownName: ownName ?? name }
  })
const runtime = locked.filter(({ dev }) => !dev)
const pathsOf = (entries: readonly { path: string }[]) => entries.map(({ path }) => path)

describe('package-lock.json', () => {
  it('has a digest of every package', () => {
    expect(locked.length).toBeGreaterThan(runtime.length)
    const without = locked.filter(({ integrity = '' }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
    expect(pathsOf(without)).toEqual([])
  })

  // npm may be told to leave the address out; it then asks the registry that it is set up with.
  it('takes every package from the registry of npm, under its own name', () => {
    const registry = 'https://registry.npmjs.org/'
    const elsewhere = locked.filter(
      ({ name, ownName, resolved, version, link }) =>
        link ||
        ownName !== name ||
        !/^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version) ||
        !(resolved ?? registry).startsWith(registry),
    )
    expect(pathsOf(elsewhere)).toEqual([])
  })

  it('is of this package.json', () => {
    const { dependencies, devDependencies } = z
      .object({ dependencies: versions, devDependencies: versions })
      .parse(packages[''])
    expect(dependencies).toEqual(manifest.dependencies)
    expect(devDependencies).toEqual(manifest.devDependencies)
  })

  it('lets only known packages run a script when they are installed, and one of them is needed to run', () => {
    const scripted = locked.filter(({ hasInstallScript }) => hasInstallScript)
    const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name])
    expect([...new Set(scripted.map(({ name }) => name))].sort()).toEqual(allowed.sort())
    expect(scripted.filter(({ dev }) => !dev).map(({ name }) => name)).toEqual(['better-sqlite3'])
  })

  it('has permissive licences in what is needed to run', () => {
    // BSD-0-Clause is how htmx writes 0BSD.
    const permissive = new Set('MIT ISC Apache-2.0 BSD-2-Clause BSD-3-Clause 0BSD BSD-0-Clause'.split(' '))
    const others = runtime.filter(
      ({ license = '' }) =>
        !license
          .replaceAll(/[()]/g, '')
          .split(' OR ')
          .some((choice) => permissive.has(choice)),
    )
    expect(others.map(({ path, license }) => `${path}: ${license}`)).toEqual([])
  })
})

describe('package.json', () => {
  it('asks for exact versions, or for newer ones that say that they are compatible', () => {
    const asked = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(asked.filter(([, range]) => !/^[\^~]?\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })

  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => textOf(`src/${file}`))

  it('names as needed to run whatever src imports', () => {
    const specifier = /(?<![.\w])(?:from|import)\s*\(?\s*'((?:@[\w.-]+\/)?[\w.:-]+)[^']*'/g
    const imported = sources.flatMap((text) => [...text.matchAll(specifier)].map(([, name = '']) => name))
    const foreign = new Set(imported.filter((name) => /^[\w@]/.test(name) && !name.startsWith('node:')))
    expect(foreign.size).toBeGreaterThan(10)
    // What is asked of peers is optional, and imported where it is configured only.
    const named = { ...manifest.dependencies, ...manifest.peerDependencies }
    expect([...foreign].filter((name) => !(name in named))).toEqual([])
  })

  it('names nothing as needed to run that src does not', () => {
    const isNamed = (name: string) => sources.some((text) => text.includes(`'${name}`))
    expect(Object.keys(manifest.dependencies).filter((name) => !isNamed(name))).toEqual([])
  })
})

describe('npm run sbom', () => {
  const component = z.object({
    type: z.enum(['application', 'library']),
    name: z.string().min(1),
    version: z.string(),
    purl: z.string().regex(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@[\w.+-]+$/),
    'bom-ref': z.string().min(1),
  })
  const digested = component.extend({
    hashes: z
      .array(z.object({ alg: z.literal('SHA-512'), content: z.string().regex(/^[0-9a-f]{128}$/) }))
      .min(1),
    // npm leaves out one that is not written as SPDX has it.
    licenses: z.array(z.unknown()).optional(),
  })
  const bill = z.object({
    bomFormat: z.literal('CycloneDX'),
    specVersion: z.literal('1.5'),
    serialNumber: z.string().regex(/^urn:uuid:[0-9a-f-]{36}$/),
    version: z.int().min(1),
    metadata: z.object({ timestamp: z.iso.datetime(), component }),
    components: z.array(digested),
    dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  })

  it('lists exactly what is needed to run, as CycloneDX 1.5, without a network', () => {
    const output = execFileSync('npm', ['run', '--silent', 'sbom'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...processEnvironment, npm_config_offline: 'true' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { metadata, components, dependencies } = bill.parse(JSON.parse(output))
    expect(metadata.component.purl).toBe(`pkg:npm/${manifest.name}@${manifest.version}`)
    const wanted = runtime.map(({ name, version }) => `${name}@${version}`)
    expect(components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(
      [...new Set(wanted)].sort(),
    )
    const known = new Set([metadata.component, ...components].map((each) => each['bom-ref']))
    expect(
      dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !known.has(ref)),
    ).toEqual([])
  })
})

describe('SECURITY.md', () => {
  it('says how many packages it takes to run', () => {
    const direct = Object.keys(manifest.dependencies).length
    expect(textOf('SECURITY.md')).toContain(`${direct} packages, ${runtime.length} with theirs`)
  })

  it('names only scripts that are there', () => {
    const { scripts } = z.object({ scripts: versions }).parse(JSON.parse(textOf('package.json')))
    const named = [...textOf('SECURITY.md').matchAll(/npm run (?:--silent )?([\w-]+)/g)].map(
      ([, name = '']) => name,
    )
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})
