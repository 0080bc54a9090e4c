import type { AttackFile, ReceiverCase } from '../format.js'
import type { Result } from '../run.js'
import { bodyHandlers } from './bodies.js'
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
const last = ['R064', 'R057', 'R043', 'R044', 'R045']

/** Sends what each case says to one daemon, over raw sockets. A case that nothing is written for is not run, and not right. */
export async function runReceiver(
  { world, receiver }: AttackFile,
  only: readonly string[] | undefined,
  onResult?: (result: Result) => void,
): Promise<Result[]> {
  const cases = receiver.filter(({ id }) => only?.includes(id) ?? true)
  if (cases.length === 0) return []
  const site = await Site.open(world)
  const results = new Map<string, Result>()
  const play = async (wanted: ReceiverCase) => {
    const result = await runOne(site, wanted)
    results.set(wanted.id, result)
    onResult?.(result)
  }
  try {
    const slow = Promise.all(cases.filter(({ id }) => id === 'R023').map(play))
    const rest = cases.filter(({ id }) => id !== 'R023')
    const place = ({ id }: ReceiverCase) => last.indexOf(id)
    for (const wanted of rest.sort((left, right) => place(left) - place(right))) await play(wanted)
    await slow
  } finally {
    await site.close()
  }
  return cases.flatMap(({ id }) => results.get(id) ?? [])
}

async function runOne(site: Site, { id, cat = 'receiver', name }: ReceiverCase): Promise<Result> {
  const beganAt = performance.now()
  const handler = Object.hasOwn(handlers, id) ? handlers[id] : undefined
  const faults = handler
    ? await handler(site).catch((error: unknown) => [
        `could not be played: ${error instanceof Error ? error.message : String(error)}`,
      ])
    : ['not run: nothing is written for it']
  return {
    ...{ id, cat: `receiver ${cat}`, name, faults, isBenign: false, harmful: 0, denied: 0, notes: [] },
    ...{ isRight: faults.length === 0, wasRun: handler !== undefined },
    ms: Math.round(performance.now() - beganAt),
  }
}
