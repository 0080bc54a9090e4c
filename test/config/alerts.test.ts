import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDocument } from '../../src/config/document.js'
import { loadConfig } from '../../src/config/load.js'
import { formatProblems } from '../../src/config/problems.js'
import { secretsIn } from '../../src/config/secrets.js'
import { ConfigError } from '../../src/domain/errors.js'
import { kinds } from './support.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-config-'))
})
afterEach(() => rm(directory, { recursive: true }))

const secret = 'whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ'
const slackUrl = 'https://hooks.slack.com/services/T0FAKE00/B0FAKE00/notarealtoken12345678'
const environment = { ALERT_SECRET: secret, SLACK_URL: slackUrl }

async function load(alerts: string) {
  const file = join(directory, 'config.yaml')
  const sources = 'sources: { payments: { kind: stripe, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw } }'
  await writeFile(file, `version: 1\n${sources}\n${alerts.replaceAll('@{', '$' + '{')}\n`)
  return loadConfig({ file, environment, kinds })
}

async function problemsOf(alerts: string): Promise<string> {
  const outcome = await load(alerts).catch((cause: unknown) => cause)
  if (!(outcome instanceof ConfigError)) throw new Error('it loaded')
  return formatProblems(outcome.problems).replaceAll(`${directory}/`, '')
}

describe('alerts', () => {
  it('has its rules and tells nobody where the file says nothing of it', async () => {
    const { alerts } = await load('')
    expect(alerts).toEqual({
      to: [],
      repeatMs: 4 * 3_600_000,
      rules: {
        silenceMs: new Map(),
        refused: { share: 0.5, windowMs: 3_600_000 },
        budgetShare: 0.8,
        waitingMs: 30 * 60_000,
        backlogMs: 15 * 60_000,
      },
    })
  })

  it('takes targets and rules as they are written, and hides what is secret in them', async () => {
    const { alerts, secretValues, warnings } = await load(`alerts:
  to:
    - { webhook: https://ops.example.com/alerts, secret: "@{ALERT_SECRET}" }
    - { webhook: "http://127.0.0.1:9000/x", secret: "@{ALERT_SECRET}" }
    - { slack: "@{SLACK_URL}" }
    - { log: true }
  repeat: 90m
  rules: { silence: { payments: 6h }, refused: 25%/10m, budget: off, waiting: 5m, backlog: off }`)
    expect(alerts.to).toEqual([
      { kind: 'webhook', url: 'https://ops.example.com/alerts', secret, isPrivate: false },
      { kind: 'webhook', url: 'http://127.0.0.1:9000/x', secret, isPrivate: true },
      { kind: 'slack', url: slackUrl, isPrivate: false },
      { kind: 'log' },
    ])
    expect(alerts.repeatMs).toBe(90 * 60_000)
    expect(alerts.rules).toEqual({
      silenceMs: new Map([['payments', 6 * 3_600_000]]),
      refused: { share: 0.25, windowMs: 600_000 },
      budgetShare: undefined,
      waitingMs: 300_000,
      backlogMs: undefined,
    })
    expect(secretValues).toContain(secret)
    expect(secretValues).toContain('services/T0FAKE00/B0FAKE00/notarealtoken12345678')
    expect(warnings.filter(({ path }) => path.startsWith('alerts'))).toEqual([])
  })

  it('says what is wrong with each, at once, and shows no secret', async () => {
    const told = await problemsOf(`alerts:
  to:
    - { webhook: http://ops.example.com/alerts, secret: "@{ALERT_SECRET}" }
    - { webhook: https://ops.example.com/alerts }
    - { webhook: https://ops.example.com/alerts, secret: not-base64-not-base64-not }
    - { webhook: https://ops.example.com/alerts, slack: "@{SLACK_URL}" }
    - { slack: "@{SLACK_URL}?x" }
    - { log: false }
    - {}
  repeat: 3
  rules: { silence: { payment: 6h }, refused: 500%/1h, budget: 0%, waiting: soon }`)
    expect(told).toMatchInlineSnapshot(`
      "config.yaml:5:18  alerts.to.0.webhook  expected https: http is for this machine and, with "private: true", private networks
      config.yaml:6:7  alerts.to.1.secret  missing: expected a secret to sign messages with
      config.yaml:7:58  alerts.to.2.secret  expected "whsec_" and the base64 of 16 bytes or more: openssl rand -base64 32
      config.yaml:8:7  alerts.to.3  expected exactly one of webhook, slack, log, found webhook and slack
      config.yaml:9:16  alerts.to.4.slack  expected a URL without "?" and "#"
      config.yaml:10:14  alerts.to.5.log  expected true, found false
      config.yaml:11:7  alerts.to.6  expected exactly one of webhook, slack, log, found none
      config.yaml:12:11  alerts.repeat  expected a duration with its unit, such as 30s, 5m, 23h or 7d, found 3
      config.yaml:13:32  alerts.rules.silence.payment  there is no source "payment". Did you mean "payments"?
      config.yaml:13:47  alerts.rules.refused  expected a share and the time that it is of, such as 50%/1h, or off, found "500%/1h"
      config.yaml:13:64  alerts.rules.budget  expected a share of 1% to 100%, such as 80%, or off, found "0%"
      config.yaml:13:77  alerts.rules.waiting  expected a duration with its unit, such as 15m, or off, found "soon""
    `)
    expect(told).not.toContain('notarealtoken')
  })

  it('hides its secrets also where the file does not load', async () => {
    const text = `alerts: { to: [{ slack: "@{SLACK_URL}" }, { webhook: x, secret: ${secret} }] }`
    const document = await readDocument(text.replaceAll('@{', '$' + '{'), {
      environment,
      readFile: async () => '',
    })
    const path = new URL(slackUrl).pathname.slice(1)
    expect(secretsIn(document)).toEqual(expect.arrayContaining([path, secret]))
    expect(secretsIn(document)).not.toContain(slackUrl)
  })

  it('warns of a secret that stands in the file', async () => {
    const { warnings } = await load(`alerts: { to: [{ slack: "${slackUrl}" }] }`)
    expect(warnings.map(({ path }) => path)).toContain('alerts.to.0.slack')
  })
})
