import type { Approval } from '../../domain/approval.js'
import { isFinal } from '../../domain/run.js'
import type { Journal, StoredEvent } from '../../store/records.js'
import { formatDuration } from '../../util/duration.js'
import { count } from '../text.js'
import { deal } from './cast.js'
import { createdDispute, createdTicket, failedWorkflowRun, forgedBody, type Letter } from './letters.js'
import type { Narrator } from './narrator.js'
import { runRouse } from './rouse-process.js'
import type { Stage } from './stage.js'
import { RunTeller, short, tellArrival, tellMatch, tellRecord } from './tell.js'
import { type Patience, until } from './until.js'

/** A real model may think for a while; the scripted one answers at once. */
export function patience({ clock, signal, hasRealModel }: Stage): Patience {
  return { clock, signal, timeoutMs: hasRealModel ? 180_000 : 20_000 }
}

/** The whole path, act by act. What it tells of the inside it reads from the ledger. */
export async function playActs(stage: Stage, narrator: Narrator): Promise<void> {
  const { clock } = stage
  const build = failedWorkflowRun(clock.now())
  narrator.act('GitHub: the CI of pull request acme/web#42 failed')
  await deliverAndFollow(stage, narrator, build)

  narrator.act('GitHub: somebody presses "Redeliver"')
  await tellArrival(narrator, stage.store, await stage.sender.deliver(build))

  narrator.act('Zendesk: a new ticket, whose text also orders a refund')
  await deliverAndFollow(stage, narrator, createdTicket(clock.now()))

  narrator.act('CRM: sends no webhooks and is polled; a deal was won')
  await pollAndFollow(stage, narrator)

  const dispute = createdDispute(clock.now())
  narrator.act('Stripe: a dispute, a person who decides, and a kill -9 while the refund is under way')
  await disputeAndCrash(stage, narrator, dispute)

  narrator.act('Forged: the signature of that dispute, with another charge in the body')
  await tellArrival(narrator, stage.store, await stage.sender.deliver(dispute, forgedBody(dispute)))
}

export async function deliverAndFollow(stage: Stage, narrator: Narrator, letter: Letter): Promise<void> {
  const teller = await deliver(stage, narrator, letter)
  await follow(stage, teller.runId, teller.teller, ({ run }) => isFinal(run.state))
}

export async function deliver(
  stage: Stage,
  narrator: Narrator,
  letter: Letter,
): Promise<{ runId: string; teller: RunTeller }> {
  const sent = await stage.sender.deliver(letter)
  await tellArrival(narrator, stage.store, sent)
  return dispatched(stage, narrator, sent.answer.events?.[0] ?? '')
}

/** Waits until it is decided whom an event wakes, and tells that. */
async function dispatched(
  stage: Stage,
  narrator: Narrator,
  eventId: string,
): Promise<{ runId: string; teller: RunTeller }> {
  const [event, run] = await until('the event to wake an agent', patience(stage), async () => {
    const stored = await stage.store.event(eventId)
    const [first] = await stage.store.runsOf(eventId)
    return stored && first ? ([stored, first] as const) : undefined
  })
  tellMatch(narrator, event)
  return { runId: run.id, teller: new RunTeller(narrator) }
}

/** Tells a run while it happens, until `isEnough`. */
export async function follow(
  { store, ...stage }: Stage,
  runId: string,
  teller: RunTeller,
  isEnough: (journal: Journal) => boolean,
): Promise<Journal> {
  return until('the run to go on', patience({ store, ...stage }), async () => {
    const journal = await store.journal(runId)
    teller.tell(journal)
    return isEnough(journal) ? journal : undefined
  })
}

async function pollAndFollow(stage: Stage, narrator: Narrator): Promise<void> {
  const { store, apis, clock } = stage
  await until('the first poll', patience(stage), async () => (await store.cursor('crm'))?.lastOkAt)
  const known = (await store.listEvents({ source: 'crm', limit: 10 })).length
  narrator.line(
    'poll',
    `the first one saw what was there and woke ${known === 0 ? 'nobody' : `${known} runs`}; now ${deal.id} changes`,
  )
  const wonAt = clock.now()
  apis.crm.win(wonAt)
  const event = await until(
    'the poll to see the deal',
    patience(stage),
    async (): Promise<StoredEvent | undefined> => {
      const [newest] = await store.listEvents({ source: 'crm', limit: 1 })
      return newest
    },
  )
  narrator.line('poll', `GET /api/deals, ${formatDuration(event.recordedAt - wonAt)} after the change`)
  tellRecord(narrator, event)
  const { runId, teller } = await dispatched(stage, narrator, event.id)
  await follow(stage, runId, teller, ({ run }) => isFinal(run.state))
}

async function disputeAndCrash(stage: Stage, narrator: Narrator, letter: Letter): Promise<void> {
  const { store, signal, configFile, environment, apis } = stage
  const { runId, teller } = await deliver(stage, narrator, letter)
  let hasCrashed = false
  for (;;) {
    const journal = await follow(
      stage,
      runId,
      teller,
      (now) => isFinal(now.run.state) || waiting(now) !== undefined,
    )
    const approval = waiting(journal)
    if (!approval) break
    let isHeld = false
    if (!hasCrashed) void apis.stripe.holdNextAnswer().then(() => (isHeld = true))
    const { id, digest } = approval
    narrator.line('person', `$ rouse approve ${short(id)} --digest ${digest.slice(0, 8)}…`)
    await runRouse(['approve', id, '--digest', digest, '-c', configFile], environment, signal)
    await follow(stage, runId, teller, ({ run }) => isHeld || isFinal(run.state))
    if (hasCrashed || !isHeld) continue
    hasCrashed = true
    await crashAndRestart(stage, narrator, await store.journal(runId))
  }
  if (!hasCrashed) await crashAndRestart(stage, narrator, await store.journal(runId))
  tellRefunds(stage, narrator)
}

/** By Stripe's own record. */
function tellRefunds({ apis }: Stage, narrator: Narrator): void {
  const { refundKeys, effects } = apis.stripe
  if (refundKeys.length === 0) return
  const requests = `${count(refundKeys.length, 'request')} with ${count(new Set(refundKeys).size, 'key')}`
  const replayed = refundKeys.length > effects.length ? '; the second was answered as the first' : ''
  const tone = effects.length === 1 ? 'good' : 'bad'
  narrator.line('Stripe', `${requests}, ${count(effects.length, 'refund')}${replayed}`, tone)
}

function waiting({ approvals, run }: Journal): Approval | undefined {
  return run.state === 'parked' ? approvals.find(({ state }) => state === 'waiting') : undefined
}

async function crashAndRestart(stage: Stage, narrator: Narrator, { run, calls }: Journal): Promise<void> {
  const daemon = stage.daemon()
  await daemon.kill()
  const open = calls.find(({ state }) => state === 'sent')
  const what = open ? ': Stripe has made the refund, and its answer has not arrived' : ''
  narrator.line('kill -9', `the daemon, pid ${daemon.pid}${what}`, 'bad')
  const left = open ? `, its ${open.tool} is "sent" without an outcome` : ''
  narrator.line('ledger', `${short(run.id)} is "${run.state}"${left}`)
  const { pid, readyAfterMs } = await stage.startDaemon()
  narrator.line('start', `pid ${pid}, takes deliveries after ${formatDuration(readyAfterMs)}`)
}
