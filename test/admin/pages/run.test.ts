import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PageOptions, PageRequest } from '../../../src/admin/pages/page.js'
import { turnInput } from '../../../src/admin/pages/run-input.js'
import { loadConfig } from '../../../src/config/load.js'
import { sourceKinds } from '../../../src/sources/registry.js'
import { now } from '../../cli/recorded.js'
import { bearer, ownSecret } from '../setting.js'
import {
  type Pages,
  read,
  startPages,
  tellBusyRun,
  tellHostileRun,
  tellLongRun,
  tellStuckRuns,
} from './told.js'

let pages: Pages
let busy: Awaited<ReturnType<typeof tellBusyRun>>
beforeAll(async () => {
  pages = await startPages()
  busy = await tellBusyRun(pages.ledger.store)
})
afterAll(() => pages.stop())

describe('the page of a run', () => {
  it('says first what came of it, then what it used, then every turn and call', async () => {
    const { runId } = busy
    const html = await pages.page(`/runs/${runId}`)
    const text = read(html)
    const order = [
      'refund confirmed and close_dispute simulated, not sent; 1 read',
      'In the end',
      'Turns 4 of 12',
      'Turn 1',
      'policy.unknown_tool',
      'Turn 2',
      'by mo, after 1 h 29 min',
      'charged twice, I looked',
      'Turn 3',
      'Not sent: it was only simulated.',
      'somebody else did what looks the same',
      '2 attempts',
    ]
    const places = order.map((words) => text.indexOf(words))
    expect(places.every((place, at) => place > (places[at - 1] ?? -1))).toBe(true)
    expect(text).toContain('sent 2 times, the same bytes with the same key')
    expect(text).toContain('1 wait drawn short: 1 h 29 min')
    expect(html).toContain('<a href="#turn-2">')
  })

  it('names the credential of a request and shows its body field by field, never the secret', async () => {
    const { runId, calls } = busy
    const text = read(await pages.page(`/runs/${runId}/calls/${calls['refund']}`))
    expect(text).toContain('POST https://api.stripe.com/v1/refunds')
    expect(text).toContain('The credential “stripe” is added when it is sent.')
    expect(text).toContain('charge = ch_1 amount = 1200')
    expect(text).not.toContain('sk_live')
  })

  it('shows the exact request while a person is asked, and where to decide', async () => {
    const { runId, approvalId } = pages.ledger
    const html = await pages.page(`/runs/${runId}`)
    expect(read(html)).toContain(
      'The exact request that was asked about POST https://api.stripe.com/v1/refunds',
    )
    expect(html).toContain(`href="/approvals/${approvalId}"`)
  })

  it('says what a run waits for, until when, and what a person is to say of a write', async () => {
    const { held, away } = await tellStuckRuns(pages.ledger.store)
    const waiting = read(await pages.page(`/runs/${away.runId}`))
    expect(waiting).toContain('Waits for the model, and goes on by itself in 4 min.')
    expect(waiting).toContain('model.rate_limited The model endpoint asked us to slow down.')
    const html = await pages.page(`/runs/${held.runId}`)
    const unclear = read(html)
    expect(html).toMatch(/href="\/parked#tcl_[0-9a-f]{32}"/)
    expect(unclear).toContain('Waits for a person to say what became of a write')
    expect(unclear).toMatch(/rouse approve tcl_[0-9a-f]{32} --happened/)
  })

  it('says what an error means and that a dead run stays dead', async () => {
    const { runId } = await tellLongRun(pages.ledger.store)
    const text = read(await pages.page(`/runs/${runId}`))
    expect(text).toContain('not tried again until a person replays it')
    expect(text).toContain('limit.calls The run used all its tool calls.')
  })

  it('stays small with 200 calls, each of which is fetched when it is opened', async () => {
    const { runId } = await tellLongRun(pages.ledger.store)
    const html = await pages.page(`/runs/${runId}`)
    expect(html.length).toBeLessThan(250_000)
    const paths = [...html.matchAll(/hx-get="(\/runs\/run_\w+\/calls\/tcl_\w+)"/g)].map(
      ([, path = '']) => path,
    )
    expect(paths).toHaveLength(200)
    const part = await pages.page(paths[120] ?? '', { isPart: true })
    expect(read(part)).toContain('What the model was told, after the API answered 200')
    expect(part).not.toContain('<html')
  })

  it('shows what a stranger and a model wrote as text, cut to size', async () => {
    const { runId, callId } = await tellHostileRun(pages.ledger.store)
    const paths = [`/runs/${runId}`, `/runs/${runId}/calls/${callId}`, `/runs/${runId}/turns/1/answer`]
    for (const path of [...paths, `/runs/${runId}/turns/1/input`]) {
      const html = await pages.page(path)
      expect(html).not.toMatch(/<img|alert\(2\)<\/script>|onmouseover="x"/)
      for (const unseen of ['\u0000', '\u001b', '\u202e']) expect(html).not.toContain(unseen)
      expect(html).toContain('\\u202e')
      expect(html.length).toBeLessThan(2_000_000)
    }
    expect((await pages.page(`/runs/${runId}`)).length).toBeLessThan(60_000)
  })

  it('has nothing that could do something for one who may only read', async () => {
    const { runId } = pages.ledger
    const html = await pages.page(`/runs/${runId}`, { token: pages.readToken })
    expect(html).not.toContain(`/runs/${runId}/cancel`)
    const { status } = await pages.send({
      method: 'POST',
      path: `/runs/${runId}/cancel`,
      headers: { ...bearer(pages.readToken), 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '',
    })
    expect(status).toBe(403)
    expect((await pages.ledger.store.run(runId))?.state).toBe('parked')
  })

  it('answers 404 for what is not in the ledger', async () => {
    const { runId } = pages.ledger
    const none = '0'.repeat(32)
    for (const path of [
      `/runs/run_${none}`,
      `/runs/${runId}/calls/tcl_${none}`,
      `/runs/${runId}/turns/9/input`,
    ]) {
      const { status } = await pages.send({ path, headers: bearer(pages.readToken) })
      expect(status, path).toBe(404)
    }
  })
})

describe('what the model was shown', () => {
  it('is made again from the journal up to that turn, without our secrets', async () => {
    const { runId } = busy
    const first = read(await pages.page(`/runs/${runId}/turns/1/input`))
    expect(first).toContain('"customer": "Maria <b>Silva</b>"')
    expect(first).not.toContain('Output of call_')
    expect(first).toContain('"memo": "is it [redacted] ?"')
    expect(first).not.toContain(ownSecret)
    const third = read(await pages.page(`/runs/${runId}/turns/3/input`))
    expect(third.match(/Output of call_/g)).toHaveLength(3)
    expect(third).toContain('Refund what was charged twice.')
    expect(third).toContain('Instructions and tools are those of now')
  })
})

describe('what the model was shown by another configuration', () => {
  it('is made with that one where it can be had, and else says that it is not', async () => {
    const { store, directory } = pages.ledger
    const file = join(directory, 'pages.yaml')
    const kinds = Object.values(sourceKinds)
    const inForce = await loadConfig({ file, environment: {}, kinds })
    await writeFile(join(directory, 'disputes.md'), 'These are the words of then.\n')
    const then = await loadConfig({ file, environment: {}, kinds })
    const request: PageRequest = {
      captured: [busy.runId, '1'],
      query: new URLSearchParams(),
      form: new URLSearchParams(),
      caller: { role: 'read', name: 'somebody' },
      isPart: true,
    }
    const options: PageOptions = {
      store,
      clock: { now: () => now, monotonic: () => 0 },
      config: () => inForce,
      sources: () => new Map(),
      unready: () => undefined,
      onDecided: () => undefined,
    }
    const shownWith = async (more: Partial<PageOptions>) => {
      const shown = await turnInput.show(request, { ...options, ...more })
      return shown.kind === 'redirect' ? '' : read(String(await shown.html))
    }
    const good = await shownWith({ configBy: () => Promise.resolve(then) })
    expect(good).toContain('These are the words of then.')
    expect(good).not.toContain('Instructions and tools are those of now')
    const bad = await shownWith({ configBy: () => Promise.reject(new Error('it is gone')) })
    expect(bad).toContain('Look at the dispute.')
    expect(bad).toContain('Instructions and tools are those of now')
  })
})

describe('cancel', () => {
  it('ends a run that waits, in the name of the token, with the reason', async () => {
    const { store } = pages.ledger
    const { runId } = busy
    const { eventId } = (await store.run(runId)) ?? { eventId: '' }
    const waiting = await store.replay(eventId, 'disputes', now)
    const post = () =>
      pages.send({
        method: 'POST',
        path: `/runs/${waiting.id}/cancel`,
        headers: { ...bearer(pages.approveToken), 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ reason: 'by hand' }).toString(),
      })
    const { status, headers } = await post()
    expect([status, headers['location']]).toEqual([303, `/runs/${waiting.id}`])
    const run = await store.run(waiting.id)
    expect(run?.state).toBe('cancelled')
    expect(run?.error?.message).toMatch(/^cancelled by approve token .+: by hand$/)
    expect((await post()).status).toBe(409)
  })
})
