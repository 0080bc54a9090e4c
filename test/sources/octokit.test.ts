import { createRequire } from 'node:module'
import { sign } from '@octokit/webhooks-methods'
import { describe, expect, it } from 'vitest'
import { VerificationError } from '../../src/domain/errors.js'
import { github } from '../../src/sources/github.js'
import { delivery, openSource } from './setting.js'

interface Example {
  readonly name: string
  readonly examples: readonly Readonly<Record<string, unknown>>[]
}

const events = createRequire(import.meta.url)(
  '@octokit/webhooks-examples/api.github.com/index.json',
) as readonly Example[]
const secret = 'k9vQ-2mXw-7bTz-4rNd'
const source = openSource(github, { secret })
const names = github.idNames(github.options.parse({ secret }))

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  )
}

/** What a reader of the payload would say, written without the source's own tables. */
function expectedNumber(payload: unknown): string | undefined {
  const number =
    at(payload, 'issue', 'number') ??
    at(payload, 'pull_request', 'number') ??
    at(payload, 'discussion', 'number')
  return number === undefined ? undefined : String(number)
}

describe('GitHub’s published examples, signed by @octokit/webhooks-methods', () => {
  it('are 329 payloads of 58 events', () => {
    expect(events.length).toBe(58)
    expect(events.reduce((sum, { examples }) => sum + examples.length, 0)).toBe(329)
  })

  for (const { name, examples } of events) {
    it(`${name}: every payload is verified and read, and one flipped byte is refused`, async () => {
      for (const [index, payload] of examples.entries()) {
        const text = JSON.stringify(payload)
        const signature = await sign(secret, text)
        const guid = `72d3162e-cc78-11e3-81ab-${String(index).padStart(12, '0')}`
        const headers = [
          ['X-GitHub-Event', name],
          ['X-GitHub-Delivery', guid],
          ['X-Hub-Signature-256', signature],
        ] as const
        const verified = source.verify(delivery(headers, text), 0)
        const drafts = source.events(verified)
        expect(drafts).toHaveLength(1)
        const [draft] = drafts

        const action = at(payload, 'action')
        const repo = at(payload, 'repository', 'full_name')
        const number = expectedNumber(payload)
        expect(draft?.type).toBe(typeof action === 'string' ? `${name}.${action}` : name)
        expect(draft?.sourceEventId).toBe(guid)
        expect(draft?.ids['repo']).toBe(repo)
        expect(Object.keys(draft?.ids ?? {}).filter((id) => !names.includes(id))).toEqual([])
        if (number !== undefined) expect(draft?.subject).toBe(`${String(repo)}#${number}`)
        else if (typeof repo === 'string') expect(draft?.subject?.startsWith(repo)).toBe(true)
        for (const value of Object.values(draft?.ids ?? {})) expect(text).toContain(value)

        const flipped = Buffer.from(text)
        const position = (index * 7919) % flipped.length
        flipped[position] = (flipped[position] ?? 0) ^ 1
        expect(() => source.verify(delivery(headers, flipped), 0)).toThrow(VerificationError)
      }
    })
  }

  it('name runs, jobs, checks and commits as their ids', () => {
    const idsOf = (name: string, example = 0) => {
      const payload = events.find((event) => event.name === name)?.examples[example]
      const body = Buffer.from(JSON.stringify(payload))
      const signed = source.sign({ body, type: name, id: 'x' }, 0).headers
      return source.events(source.verify(delivery(Object.entries(signed), body), 0))[0]?.ids
    }
    expect(idsOf('workflow_run')).toMatchObject({ fork_run: '1589141559', fork_sha: expect.any(String) })
    expect(idsOf('workflow_run')).not.toHaveProperty('run')
    expect(idsOf('workflow_run', 1)).toMatchObject({ run: expect.any(String), sha: expect.any(String) })
    expect(idsOf('workflow_job')).toMatchObject({ job: expect.any(String), run: expect.any(String) })
    expect(idsOf('check_run')).toMatchObject({ check_run: '128620228', sha: expect.any(String) })
    expect(idsOf('deployment')).toMatchObject({ deployment: expect.any(String), sha: expect.any(String) })
    expect(idsOf('release')).toMatchObject({ release: '17372790' })
  })
})
