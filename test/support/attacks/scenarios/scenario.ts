import { playPlain, type Stage, type Trial } from '../play.js'

/** What a case's circumstances are made of, by its id. */
export type Scenarios = Readonly<Record<string, (stage: Stage) => Promise<Trial>>>

/** For a case whose `given` says why, and nothing that would have to be set up. */
export const asItStands = playPlain
