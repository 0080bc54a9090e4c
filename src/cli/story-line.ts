import type { Tone } from './say.js'

/** One thing that happened, in the words of the ledger. */
export interface StoryLine {
  /** The same thing has the same key whenever the story is told. */
  readonly key: string
  /** Epoch milliseconds; undefined where only the order is known. */
  readonly at: number | undefined
  readonly verb: string
  readonly text: string
  /** Words shown below it, broken into lines where they are long. Safe to print. */
  readonly detail?: string
  /** Shown below it exactly as it is: requests. Safe to print. */
  readonly exact?: string
  readonly tone: Tone
}
