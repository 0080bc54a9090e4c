import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/domain/delivery.js'
import { StoreError } from '../../src/domain/errors.js'
import type { Event } from '../../src/domain/event.js'
import { type Receiver, receive } from '../../src/ingest/receive.js'
import { openSources } from '../../src/ingest/sources.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
import { newId } from '../../src/util/id.js'
import { testContext } from '../sources/setting.js'
import { makeLedger } from '../store/ledger.js'
import { FakeClock } from '../support/fake-clock.js'
import { githubSecret, issueOpened } from '../support/rouse.js'

const kinds: readonly SourceKind[] = Object.values(sourceKinds)
const clock = new FakeClock()
const source = openGithub()
let ledger: Awaited<ReturnType<typeof makeLedger>>
let offered: Event[]
let receiver: Receiver

beforeEach(async () => {
  ledger = await makeLedger()
  offered = []
  receiver = { store: ledger.store, clock, onRecorded: (events) => offered.push(...events) }
})

afterEach(() => ledger.close())

function openGithub(): WebhookSource {
  const kind = kinds.find((candidate) => candidate.kind === 'github')
  const options = kind?.options.parse({ secret: githubSecret })
  const opened = openSources(
    [{ name: 'ci', kind: 'github', options, idNames: [], keepMs: undefined, label: undefined, self: [] }],
    kinds,
    () => testContext,
  ).get('ci')
  if (!opened) throw new Error('github receives deliveries')
  return opened
}

function delivery(body: string, options: { id?: string; signedBody?: string } = {}): Delivery {
  const { id = newId('dlv'), signedBody = body } = options
  const headers = source.sign({ body: Buffer.from(signedBody), type: 'issues', id }, clock.now()).headers
  return {
    id: newId('dlv'),
    source: 'ci',
    receivedAt: clock.now(),
    method: 'POST',
    url: '/hooks/ci?x=1',
    rawHeaders: [...Object.entries(headers).flat(), 'X-Api-Key', 'k7Gq2nV9'],
    body: Buffer.from(body),
    remoteAddress: '192.0.2.7',
  }
}

describe('an arrival', () => {
  it('is recorded with what the ledger then says of it, and offered as the ledger has it', async () => {
    const sent = delivery(JSON.stringify(issueOpened(12)))
    const received = await receive(sent, source, receiver)
    expect(received).toMatchObject({ state: 'recorded', eventIds: [offered[0]?.id] })
    const { state, sourceEventId, deliveryId, decisions, ...event } = (await ledger.store.event(
      offered[0]?.id ?? '',
    )) as NonNullable<Awaited<ReturnType<typeof ledger.store.event>>>
    expect(offered).toEqual([event])
    expect([state, deliveryId, decisions]).toEqual(['recorded', sent.id, []])
    const stored = await ledger.store.delivery(sent.id)
    expect(stored).toMatchObject({
      state: 'recorded',
      url: '/hooks/ci?x=1',
      remoteAddress: '192.0.2.7',
      secretIndex: 0,
    })
    expect(JSON.stringify(stored?.headers).toLowerCase()).not.toMatch(/signature|api-key|k7gq/)
  })

  it('again is a duplicate of the same event, and is offered to nobody', async () => {
    const body = JSON.stringify(issueOpened(12))
    const first = await receive(delivery(body, { id: 'one' }), source, receiver)
    offered.length = 0
    const again = await receive(delivery(body, { id: 'one' }), source, receiver)
    expect(again).toEqual({ ...first, state: 'duplicate' })
    expect(offered).toEqual([])
  })

  it('that is not the sender’s is refused, and nothing of it is kept', async () => {
    const sent = delivery('{"a":1}', { signedBody: '{"a":2}' })
    const received = await receive(sent, source, receiver)
    expect(received).toMatchObject({ state: 'refused', error: { code: 'verification.signature_mismatch' } })
    expect(await ledger.store.delivery(sent.id)).toBeUndefined()
    expect(offered).toEqual([])
  })

  it.each(['{"a":1,"\\u0061":2}', 'hello', '[1]', ''])(
    'that cannot be read keeps its bytes: %j',
    async (body) => {
      const sent = delivery(body)
      const received = await receive(sent, source, receiver)
      expect(received).toMatchObject({ state: 'malformed', error: { code: 'delivery.malformed' } })
      const stored = await ledger.store.delivery(sent.id)
      expect(stored?.state).toBe('malformed')
      expect(Buffer.from(stored?.body ?? []).toString()).toBe(body)
      expect(offered).toEqual([])
    },
  )

  it('is not acknowledged when the ledger cannot be written', async () => {
    const full = () =>
      Promise.reject(new StoreError('store.unavailable', 'the disk is full', { retry: 'later' }))
    const away = { ...receiver, store: { ...ledger.store, record: full, recordMalformed: full } }
    for (const body of [JSON.stringify(issueOpened(12)), 'hello']) {
      await expect(receive(delivery(body), source, away)).rejects.toMatchObject({ code: 'store.unavailable' })
    }
    expect(offered).toEqual([])
  })

  it('that a source cannot take for a reason of its own is no malformed delivery', async () => {
    const fault = new TypeError('x is undefined')
    const broken: WebhookSource = {
      ...source,
      events: () => {
        throw fault
      },
    }
    await expect(receive(delivery('{}'), broken, receiver)).rejects.toBe(fault)
    expect((await ledger.store.counts()).deliveries.malformed).toBe(0)
  })

  it('that is a handshake is answered and not recorded, but only after it was verified', async () => {
    const reply = { status: 200, body: 'challenge' }
    const shaking: WebhookSource = { ...source, handshake: () => reply }
    expect(await receive(delivery('{}'), shaking, receiver)).toEqual({ state: 'handshake', reply })
    const forged = await receive(delivery('{}', { signedBody: 'x' }), shaking, receiver)
    expect(forged.state).toBe('refused')
    expect((await ledger.store.counts()).deliveries).toEqual({ recorded: 0, duplicate: 0, malformed: 0 })
  })
})

describe('openSources', () => {
  it('opens what receives deliveries and passes over what comes by the clock', () => {
    const options = kinds.find(({ kind }) => kind === 'github')?.options.parse({ secret: githubSecret })
    const settings = ['github', 'poll', 'schedule'].map((kind) => ({
      name: `my-${kind}`,
      kind,
      options,
      idNames: [],
      keepMs: undefined,
      label: undefined,
      self: [],
    }))
    expect([...openSources(settings, kinds, () => testContext).keys()]).toEqual(['my-github'])
  })
})
