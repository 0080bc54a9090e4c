import type { Reply } from '../../domain/delivery.js'

/** Random text of a sender; nothing that a browser could take for markup, nor anybody for a sentence. */
export const challengePattern = /^[A-Za-z0-9._~+/=-]{1,256}$/

const nosniff = { 'x-content-type-options': 'nosniff' }

/** Gives a challenge back as text; undefined unless it is nothing but a token. */
export function echoText(challenge: string | undefined): Reply | undefined {
  if (challenge === undefined || !challengePattern.test(challenge)) return undefined
  return { status: 200, headers: { 'content-type': 'text/plain', ...nosniff }, body: challenge }
}

/** The same as the only member of a JSON object. */
export function echoJson(name: string, challenge: string | undefined): Reply | undefined {
  if (challenge === undefined || !challengePattern.test(challenge)) return undefined
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...nosniff },
    body: JSON.stringify({ [name]: challenge }),
  }
}
