import type { ToolOutput } from '../domain/tool-call.js'
import type { ToolAnswer } from '../tools/tool.js'
import { refusal } from './prompt.js'
import type { Secrets } from './secrets.js'

/** What the model is told of an answer that is no success. */
export function refused(
  { status, result }: Extract<ToolAnswer, { kind: 'answered' }>,
  secrets: Secrets,
): ToolOutput {
  if (status < 400) {
    const hint = 'The tool’s address has moved; a person must correct it. Go on without it.'
    return refusal('tool.redirect', `the API answered ${status}, a redirect, which is not followed`, hint)
  }
  const hint =
    status >= 500
      ? 'The API has a fault of its own; go on without it or say so.'
      : 'The API refused the request. Read its answer before you try anything else.'
  return { ...refusal('tool.status', `the API answered ${status}`, hint), result: secrets.redactJson(result) }
}
