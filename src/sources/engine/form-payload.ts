import { formBody } from './form.js'
import { proofText } from './places.js'
import type { Proof } from './proof.js'

/*
 * Senders that put their JSON into the field `payload` of a form, and sign the JSON and not the form.
 */

const field = 'payload'

/** By the bytes, not by the Content-Type, which nobody signs: JSON never begins like this. */
export function isPayloadForm(body: Uint8Array): boolean {
  return Buffer.from(body.subarray(0, field.length + 1)).toString('latin1') === `${field}=`
}

/** The JSON: of a form the field, else the body. Throws VerificationError for a form that cannot be read. */
export function payloadOf(body: Uint8Array): Uint8Array {
  if (!isPayloadForm(body)) return body
  return Buffer.from(proofText({ url: '', rawHeaders: [], body }, { field }), 'latin1')
}

/** `proof` over the JSON, wherever it stands. */
export function payloadProof(proof: Proof): Proof {
  return {
    ...proof,
    sign: (request, now) => proof.sign({ ...request, body: payloadOf(request.body) }, now),
    prove: (delivery, now, trace) => proof.prove({ ...delivery, body: payloadOf(delivery.body) }, now, trace),
  }
}

/** The JSON as such a sender writes it into a form. */
export function payloadForm(json: Uint8Array): Uint8Array {
  return formBody(field, json)
}
