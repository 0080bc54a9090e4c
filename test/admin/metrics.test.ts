import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { addToken, tokensFile } from '../../src/admin/tokens.js'
import { systemClock } from '../../src/util/clock.js'
import { RecordingApi } from '../support/recording-api.js'
import {
  githubSecret,
  issueOpened,
  type Rouse,
  runIn,
  sendGithub,
  startRouse,
  writeSetting,
} from '../support/rouse.js'
import { until } from '../support/wait.js'

const root = join(import.meta.dirname, '../..')

let api: RecordingApi
let rouse: Rouse | undefined
beforeEach(async () => {
  api = await RecordingApi.start()
})
afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await api.close()
})

const start = () =>
  startRouse({
    admin: '127.0.0.1:0',
    script: [
      {
        agent: 'helper',
        turns: [{ calls: [{ call: 'get_issue' }, { call: 'drop_tables' }] }, { say: 'Done.' }],
      },
    ],
    config: `
sources:
  ci: { kind: github, secret: "${githubSecret}" }
tools:
  get_issue: { description: The issue., get: "${api.origin}/repos/{repo}/issues/{issue}" }
agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: helper.md, tools: [get_issue] }
`,
    files: { 'helper.md': 'Help.\n' },
  })

async function scrape(of: Rouse, token?: string): Promise<Response> {
  const key =
    token ??
    (await addToken(tokensFile(join(of.directory, 'rouse.db')), {
      ...{ role: 'read', rotate: true, now: systemClock.now() },
    }))
  return fetch(`${of.daemon.adminUrl}/metrics`, { headers: { authorization: `Bearer ${key}` } })
}

/** The value of a series, written as Prometheus shows it. */
function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

let text = ''

/** Runs one event through everything, refuses one delivery, and gives what is counted then. Done once. */
async function counted(): Promise<string> {
  if (text !== '') return text
  rouse = await start()
  const { url, ledger } = rouse
  const { body } = await sendGithub(url, 'issues', issueOpened(1), { id: 'one' })
  await sendGithub(url, 'issues', issueOpened(1), { id: 'one' })
  await sendGithub(url, 'push', { ref: 'x', repository: { id: 42, full_name: 'acme/web' } })
  await sendGithub(url, 'issues', issueOpened(2), { secret: 'not-the-secret-not-the-secret' })
  await runIn(ledger, body.events?.[0] ?? '', ['completed'])
  await until('the refusal', async () => (await ledger.refusals('0000')).length > 0)
  await until('the decision', async () => (await ledger.undispatched(1)).length === 0)
  const response = await scrape(rouse)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  text = await response.text()
  return text
}

describe('/metrics', () => {
  it('counts every stage of what happened', async () => {
    const text = await counted()
    const expected: Record<string, number> = {
      'rouse_deliveries_total{source="ci",outcome="recorded"}': 2,
      'rouse_deliveries_total{source="ci",outcome="duplicate"}': 1,
      'rouse_deliveries_refused_total{source="ci",reason="verification.signature_mismatch"}': 1,
      'rouse_events_recorded_total{source="ci",via="webhook"}': 2,
      'rouse_events_total{source="ci",outcome="dispatched"}': 1,
      'rouse_events_total{source="ci",outcome="ignored"}': 1,
      'rouse_matches_total{agent="helper",reason="matched"}': 1,
      'rouse_matches_total{agent="helper",reason="type"}': 1,
      'rouse_answers_total{source="ci",status="202"}': 2,
      'rouse_answers_total{source="ci",status="200"}': 1,
      'rouse_answers_total{source="ci",status="401"}': 1,
      'rouse_ack_seconds_count{source="ci"}': 3,
      'rouse_wake_seconds_count{agent="helper"}': 1,
      'rouse_runs_total{agent="helper",state="completed"}': 1,
      'rouse_tool_calls_total{tool="get_issue",state="done",code=""}': 1,
      'rouse_tool_calls_total{tool="other",state="denied",code="policy.unknown_tool"}': 1,
      'rouse_tool_seconds_count{tool="get_issue",outcome="2xx"}': 1,
      'rouse_model_seconds_count{model="default",outcome="ok"}': 2,
      'rouse_model_turns_total{agent="helper",model="scripted"}': 2,
      rouse_events_undispatched: 0,
      rouse_writes_held: 0,
      rouse_approvals_waiting: 0,
      rouse_runs_ready: 0,
      rouse_ready: 1,
      'rouse_alerts{kind="any"}': 0,
    }
    const found = Object.fromEntries(Object.keys(expected).map((series) => [series, valueIn(text, series)]))
    expect(found).toEqual(expected)
    expect(valueIn(text, 'rouse_disk_free_bytes')).toBeGreaterThan(0)
    expect(valueIn(text, 'rouse_ledger_bytes')).toBeGreaterThan(0)
  })

  it('has no text from outside in it: not the model’s, not the sender’s', async () => {
    const text = await counted()
    expect(text).not.toContain('drop_tables')
    expect(text).not.toContain('octocat')
    expect(text).not.toContain('acme')
  })

  it('is of the form that Prometheus reads: no series twice, each family in one piece', async () => {
    const text = await counted()
    const series = new Set<string>()
    const families: string[] = []
    for (const line of text.trimEnd().split('\n')) {
      const [, name] = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line) ?? []
      if (name !== undefined) families.push(name)
      if (line.startsWith('#')) continue
      const [, key = '', own = ''] =
        /^(([a-z_]+)(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) [-+]?[\d.eE+-]+$/.exec(line) ?? []
      expect(key, line).not.toBe('')
      expect(series.has(key), line).toBe(false)
      series.add(key)
      expect(own.replace(/_(bucket|sum|count)$/, '')).toBe(families.at(-1))
    }
    expect(new Set(families).size).toBe(families.length)
  })

  it('goes on over a restart where the ledger counts', async () => {
    const config = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`
    const directory = await writeSetting({ config, admin: '127.0.0.1:0' })
    for (const sent of [1, 2]) {
      rouse = await startRouse({ config, admin: '127.0.0.1:0', directory })
      await sendGithub(rouse.url, 'issues', issueOpened(sent))
      const text = await (await scrape(rouse)).text()
      expect(valueIn(text, 'rouse_deliveries_total{source="ci",outcome="recorded"}')).toBe(sent)
      expect(valueIn(text, 'rouse_answers_total{source="ci",status="202"}')).toBe(1)
      await rouse.stop()
      rouse = undefined
    }
    await rm(directory, { recursive: true })
  })

  it('lets nobody in without a token', async () => {
    rouse = await start()
    expect((await fetch(`${rouse.daemon.adminUrl}/metrics`)).status).toBe(401)
    expect((await scrape(rouse, `rouse_read_${'x'.repeat(43)}`)).status).toBe(401)
  })
})

describe('ops/', () => {
  /** Names of series in an expression of PromQL. */
  const namesIn = (expression: string) => expression.match(/\b(?:rouse|process|nodejs)_[a-z_]+\b/g) ?? []
  const dashboard = JSON.parse(readFileSync(join(root, 'ops/grafana/rouse.json'), 'utf8'))
  const rules = parse(readFileSync(join(root, 'ops/prometheus/alerts.yml'), 'utf8'))
  const panels: { title?: string; targets?: { expr: string }[] }[] = dashboard.panels
  const queries = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title ?? '', expr] as const)),
    ...rules.groups.flatMap((group: { rules: { alert: string; expr: string }[] }) =>
      group.rules.map(({ alert, expr }) => [alert, expr] as const),
    ),
  ]

  it('asks only for what there is', async () => {
    const text = await counted()
    // Those without a sample have no line.
    const source = ['src/admin/metrics.ts', 'src/runs/measures.ts', 'src/admin/process-metrics.ts']
    const declared = source.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
    const known = new Set(text.match(/^[a-z_]+(?=[{ ])/gm))
    for (const [, name = ''] of declared.matchAll(/'((?:rouse|process|nodejs)_[a-z_]+)'/g)) {
      for (const end of ['', '_bucket', '_sum', '_count']) known.add(`${name}${end}`)
    }
    expect(queries.length).toBeGreaterThan(20)
    const missing = queries.flatMap(([title, expr]) =>
      namesIn(expr)
        .filter((name) => !known.has(name))
        .map((name) => `${title}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('leaves out nothing of what docs/operations.md has to name', () => {
    const docs = readFileSync(join(root, 'docs/operations.md'), 'utf8')
    const source = ['src/admin/metrics.ts', 'src/runs/measures.ts', 'src/admin/process-metrics.ts']
    const declared = source.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
    const names = [...declared.matchAll(/'((?:rouse|process|nodejs)_[a-z_]+)'/g)].map(([, name = '']) => name)
    expect(names.filter((name) => !docs.includes(`\`${name}\``))).toEqual([])
  })

  it('is a dashboard that Grafana takes: a schema version, unique ids, places that do not overlap', () => {
    expect(dashboard).toMatchObject({ schemaVersion: expect.any(Number), uid: 'rouse', title: 'rouse' })
    const ids = dashboard.panels.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = new Set<string>()
    for (const { gridPos, title } of dashboard.panels) {
      const { x, y, w, h } = gridPos
      expect(x + w, title).toBeLessThanOrEqual(24)
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect(cells.has(`${column},${row}`), `${title} overlaps`).toBe(false)
          cells.add(`${column},${row}`)
        }
      }
    }
  })
})
