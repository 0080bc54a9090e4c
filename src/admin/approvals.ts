import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { approvalDocument } from '../domain/approval-document.js'
import { AppError, LimitError, toAppError } from '../domain/errors.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { JsonError, type JsonValue, parseJson } from '../util/json.js'
import { answerFault, answerJson, refuse } from './answers.js'
import type { Caller } from './callers.js'

export interface ApprovalsOptions {
  readonly store: Store
  readonly clock: Clock
  /** The body's bytes. Throws LimitError `limit.body_size` above `maxBytes`. */
  readonly readBody: (incoming: IncomingMessage, maxBytes: number) => Promise<Uint8Array>
  /** A run may go on. */
  readonly onDecided: () => void
}

const mostListed = 200
const maxBodyBytes = 16 * 1024

/** What waits, newest first. */
export async function listApprovals({ store }: ApprovalsOptions): Promise<Response> {
  const found = await store.listApprovals({ state: 'waiting', limit: mostListed })
  return answerJson({ approvals: found.map(approvalDocument) })
}

export async function showApproval(id: string, { store }: ApprovalsOptions): Promise<Response> {
  const approval = await store.approval(id)
  return approval ? answerJson(approvalDocument(approval)) : refuse(404)
}

const reason = z.string().trim().min(1).max(2000).optional()
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const schemas = {
  approve: z.strictObject({ digest, reason }),
  deny: z.strictObject({ digest: digest.optional(), reason }),
}

/** A person's decision, in the name of the token that it came with. To approve takes the digest of what was seen. */
export async function decide(
  id: string,
  verb: 'approve' | 'deny',
  { incoming, caller }: { incoming: IncomingMessage; caller: Caller },
  options: ApprovalsOptions,
): Promise<Response> {
  const { store, clock, onDecided } = options
  try {
    const body = jsonOf(await options.readBody(incoming, maxBodyBytes))
    const given = schemas[verb].safeParse(body)
    if (!given.success) return refuse(400)
    const { digest = '', reason } = given.data
    const state = verb === 'approve' ? 'approved' : 'denied'
    const decided = await store.decide(id, { state, by: caller.name, reason, digest }, clock.now())
    onDecided()
    return answerJson(approvalDocument(decided))
  } catch (cause) {
    if (cause instanceof LimitError) return refuse(413, { connection: 'close' })
    if (cause instanceof AppError) return answerFault(toAppError(cause))
    throw cause
  }
}

function jsonOf(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(bytes, { maxDepth: 4, maxNodes: 20 })
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}
