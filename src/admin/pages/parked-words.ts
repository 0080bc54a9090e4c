import type { ParkedOn } from '../../domain/run.js'
import type { LeftOutReason } from '../../runs/replay-plan.js'

export interface Cause {
  readonly title: string
  /** What lets them go on, and what a person can do. */
  readonly advice: string
  /** A person has to do something. */
  readonly needsPerson: boolean
}

/** What parked runs wait for, and what helps. */
export const causes: Readonly<Record<ParkedOn, Cause>> = {
  approval: {
    title: 'Wait for a person’s word on a call',
    advice: 'Each waits until its call is decided, or lapses.',
    needsPerson: true,
  },
  person: {
    title: 'Wait for a person to say what became of a write',
    advice: 'They go on when it is said of each held write above.',
    needsPerson: true,
  },
  agent: {
    title: 'Wait for their agent, which is off',
    advice: 'They go on when `mode: off` is taken out of config.yaml. What is not wanted can be cancelled.',
    needsPerson: true,
  },
  disk: {
    title: 'Wait for room on the disk',
    advice: 'They go on by themselves when there is room. Make some: `rouse doctor` says how much is left.',
    needsPerson: true,
  },
  model: {
    title: 'Wait for the model',
    advice: 'They go on by themselves when the endpoint answers again. A refused key needs a person.',
    needsPerson: false,
  },
  api: {
    title: 'Wait for an API, or for the credential for it',
    advice: 'They go on by themselves when it answers again. A refused credential needs a person.',
    needsPerson: false,
  },
  budget: {
    title: 'Wait for their budget',
    advice: 'They go on when the day (UTC) is over, or when config.yaml allows more.',
    needsPerson: false,
  },
  time: { title: 'Wait for a time', advice: 'They go on by themselves.', needsPerson: false },
  quiet: {
    title: 'Wait for their subject to be quiet',
    advice: 'They see what still comes, and begin by themselves.',
    needsPerson: false,
  },
  restart: {
    title: 'Wait for the daemon to start again',
    advice: 'They go on with the next start.',
    needsPerson: false,
  },
}

/** Why a run is not in a plan. */
export const leftOutReasons: Readonly<Record<LeftOutReason, string>> = {
  undispatched: 'the daemon has not yet decided whom the event wakes',
  unfinished: 'a newer run of the event is not at an end',
  cancelled: 'the run was cancelled',
  coalesced: 'the run is about a newer event, and saw this one too',
  replayed: 'it was replayed already',
  held: 'what one of its writes did is not known; say so first',
  changed: 'things have changed since',
}
