import type { Tolerance } from '../../sources/engine/timestamp.js'
import type { Attempt, Trace } from '../../sources/engine/trace.js'

/** What a proof did, in order. */
export type Step =
  | { readonly step: 'found'; readonly what: string; readonly value: string | undefined }
  | { readonly step: 'signed'; readonly bytes: Uint8Array }
  | ({ readonly step: 'tried' } & Attempt)
  | { readonly step: 'clock'; readonly signedAt: number; readonly now: number; readonly tolerance: Tolerance }

export interface Heard extends Trace {
  readonly steps: readonly Step[]
}

export function listen(): Heard {
  const steps: Step[] = []
  return {
    steps,
    found: (what, value) => void steps.push({ step: 'found', what, value }),
    signed: (parts) => void steps.push({ step: 'signed', bytes: Buffer.concat(parts) }),
    tried: (attempt) => void steps.push({ step: 'tried', ...attempt }),
    clock: (signedAt, now, tolerance) => void steps.push({ step: 'clock', signedAt, now, tolerance }),
  }
}
