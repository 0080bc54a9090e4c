import type { ToolOutput } from '../domain/tool-call.js'
import type { Redirect, ToolAnswer } from '../tools/tool.js'
import { refusal } from './prompt.js'
import type { Secrets } from './secrets.js'

/** What the model is told of an answer that is no success. */
export function refused(
  { status, result, redirect }: Extract<ToolAnswer, { kind: 'answered' }>,
  secrets: Secrets,
): ToolOutput {
  if (status < 400) {
    const { what, advice } = notFollowed(redirect)
    const message = `the API answered ${status}, a redirect${what}, which is not followed`
    return refusal('tool.redirect', secrets.redact(message), secrets.redact(`${advice} Go on without it.`))
  }
  const hint =
    status >= 500
      ? 'The API has a fault of its own; go on without it or say so.'
      : 'The API refused the request. Read its answer before you try anything else.'
  return { ...refusal('tool.status', `the API answered ${status}`, hint), result: secrets.redactJson(result) }
}

function notFollowed(redirect: Redirect | undefined): { what: string; advice: string } {
  if (redirect === undefined)
    return { what: '', advice: 'The tool’s address has moved; a person must correct it.' }
  const { host, isFollowed } = redirect
  if (isFollowed)
    return {
      what: ` from ${host}, to which the API had led`,
      advice: 'Only one redirect is followed; a person must correct the tool’s address.',
    }
  return {
    what: ` to ${host}`,
    advice: `A person can let this tool follow it, with redirect_hosts: ["${host}"], or correct its address.`,
  }
}

/** What the ledger keeps of a redirect that was followed, beside the status of the last answer. */
export function redirectNote(answer: ToolAnswer): { note?: string } {
  if (answer.kind !== 'answered' || !answer.redirect?.isFollowed) return {}
  const { status, host } = answer.redirect
  return { note: `the API answered ${status}, and ${host}, where it led to, ${answer.status}` }
}
