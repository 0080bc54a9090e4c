import { type AttackFile, ownFile, type ReceiverCase, readAttacks } from '../format.js'
import type { Result } from '../run.js'
import { bodyHandlers } from './bodies.js'
import { handlerOf } from './by-words.js'
import { pageHandlers } from './pages.js'
import { requestHandlers } from './requests.js'
import { signatureHandlers } from './signatures.js'
import { type Handler, Site } from './site.js'

const handlers: Readonly<Record<string, Handler>> = {
  ...signatureHandlers,
  ...bodyHandlers,
  ...requestHandlers,
  ...pageHandlers,
}

/** In this order behind all others: they leave something behind that others would meet, as a limit that is used up. */
const last = ['R064', 'R057', 'R043', 'R044', 'R045'].map((id) => handlers[id])

/** What each id stands for here: another file may call another case so. */
const own = readAttacks(ownFile)
const ownNames: ReadonlyMap<string, string> = new Map(own.receiver.map(({ id, name }) => [id, name]))

/** Sends what each case says to one daemon, over raw sockets. A case that says nothing that is known is not run, and not right. */
export async function runReceiver(
  { world: { secrets }, receiver }: AttackFile,
  only: readonly string[] | undefined,
  onResult?: (result: Result) => void,
): Promise<Result[]> {
  const cases = receiver.filter(({ id }) => only?.includes(id) ?? true)
  if (cases.length === 0) return []
  // The listeners are of no world; the tools are those that the handlers ask for.
  const site = await Site.open({ ...own.world, secrets })
  const results = new Map<string, Result>()
  // Some leave something behind: what two cases mean alike is sent once.
  const played = new Map<Handler, Promise<string[]>>()
  const faultsOf = (handler: Handler) => {
    const faults = played.get(handler) ?? handler(site).catch(told)
    played.set(handler, faults)
    return faults
  }
  const play = async (wanted: ReceiverCase) => {
    const result = await runOne(wanted, handlerFor(wanted), faultsOf)
    results.set(wanted.id, result)
    onResult?.(result)
  }
  const isSlow = (wanted: ReceiverCase) => handlerFor(wanted) === handlers['R023']
  try {
    const slow = Promise.all(cases.filter(isSlow).map(play))
    const rest = cases.filter((wanted) => !isSlow(wanted))
    const place = (wanted: ReceiverCase) => {
      const handler = handlerFor(wanted)
      return handler ? last.indexOf(handler) : -1
    }
    for (const wanted of rest.sort((left, right) => place(left) - place(right))) await play(wanted)
    await slow
  } finally {
    await site.close()
  }
  return cases.flatMap(({ id }) => results.get(id) ?? [])
}

/** By its id where it is the case that we know by that, else by its words. */
function handlerFor(wanted: ReceiverCase): Handler | undefined {
  const { id, name } = wanted
  return ownNames.get(id) === name && Object.hasOwn(handlers, id) ? handlers[id] : handlerOf(wanted)
}

function told(error: unknown): string[] {
  return [`could not be played: ${error instanceof Error ? error.message : String(error)}`]
}

async function runOne(
  { id, cat = 'receiver', name }: ReceiverCase,
  handler: Handler | undefined,
  faultsOf: (handler: Handler) => Promise<string[]>,
): Promise<Result> {
  const beganAt = performance.now()
  const faults = handler ? await faultsOf(handler) : ['not run: what it says that it sends is not understood']
  return {
    ...{ id, cat: `receiver ${cat}`, name, faults, isBenign: false, harmful: 0, denied: 0, notes: [] },
    ...{ isRight: faults.length === 0, wasRun: handler !== undefined },
    ms: Math.round(performance.now() - beganAt),
  }
}
