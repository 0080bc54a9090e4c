import type { Stage, Trial } from '../play.js'

/** What a case's circumstances are made of, by its id. */
export type Scenarios = Readonly<Record<string, (stage: Stage) => Promise<Trial>>>
