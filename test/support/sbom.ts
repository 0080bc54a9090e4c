import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { z } from 'zod'

/*
 * Prints a CycloneDX 1.5 list of what it takes to run rouse, from package-lock.json and without a network. npm makes it;
 * what is for development only is left out here, because `npm sbom --omit dev` (11.19) also leaves out what both need:
 * `yaml` for one. npm calls the root by the name of its folder, so the name is put right.
 */
const component = z.looseObject({
  'bom-ref': z.string(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
})
const bill = z.object({
  metadata: z.looseObject({ component: component.extend({ purl: z.string() }) }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
})

const options = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only']
const written = execFileSync('npm', ['sbom', ...options], {
  cwd: resolve(import.meta.dirname, '../..'),
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
const whole = z.record(z.string(), z.unknown()).parse(JSON.parse(written))
const { metadata, components, dependencies } = bill.parse(whole)

const kept = components.filter(
  ({ properties }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'),
)
const refs = new Set([metadata.component, ...kept].map((each) => each['bom-ref']))
const name = /^pkg:npm\/(.+)@/.exec(metadata.component.purl)?.[1] ?? 'rouse'
const bom = {
  ...whole,
  metadata: { ...metadata, component: { ...metadata.component, name } },
  components: kept,
  dependencies: dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
}
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`)
