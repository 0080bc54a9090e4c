import type { ParkedOn } from '../../domain/run.js'
import type { Stuck } from '../../store/reports.js'

export interface Cause {
  readonly title: string
  /** What lets them go on, and what a person can do. */
  readonly advice: string
  /** Who moves them: a person here or under Approvals, the end of some trouble, or they themselves. */
  readonly by: 'person' | 'approval' | 'end of trouble' | 'itself'
}

/** What parked runs wait for, and what helps. */
export const causes: Readonly<Record<ParkedOn, Cause>> = {
  approval: {
    title: 'Wait for a person’s word on a call',
    advice: 'Each waits until its call is decided, or lapses.',
    by: 'approval',
  },
  person: {
    title: 'Wait for a person to say what became of a write',
    advice: 'They go on when it is said of each held write above.',
    by: 'person',
  },
  agent: {
    title: 'Wait for their agent, which is off',
    advice: 'They go on when `mode: off` is taken out of config.yaml. What is not wanted can be cancelled.',
    by: 'person',
  },
  disk: {
    title: 'Wait for room on the disk',
    advice: 'They go on by themselves when there is room. Make some: `rouse doctor` says how much is left.',
    by: 'person',
  },
  model: {
    title: 'Wait for the model',
    advice: 'They go on by themselves when the endpoint answers again. A refused key needs a person.',
    by: 'end of trouble',
  },
  api: {
    title: 'Wait for an API, or for the credential for it',
    advice: 'They go on by themselves when it answers again. A refused credential needs a person.',
    by: 'end of trouble',
  },
  budget: {
    title: 'Wait for their budget',
    advice: 'They go on when the day (UTC) is over, or when config.yaml allows more.',
    by: 'end of trouble',
  },
  time: { title: 'Wait for a time', advice: 'They go on by themselves.', by: 'itself' },
  quiet: {
    title: 'Wait for their subject to be quiet',
    advice: 'They see what still comes, and begin by themselves.',
    by: 'itself',
  },
  restart: {
    title: 'Wait for the daemon to start again',
    advice: 'They go on with the next start.',
    by: 'itself',
  },
}

/** What the page of what is stuck is about, in numbers; all but what goes on by itself is counted at its link too. */
export interface Standstill {
  readonly held: number
  /** Parked until a person does something; those that wait for a held write to be settled are told with it. */
  readonly parked: number
  readonly dead: number
  /** Parked until some trouble is over. */
  readonly heldUp: number
  readonly byThemselves: number
}

export function standstillOf({ held, parked, dead, failed }: Stuck): Standstill {
  const amount = (by: Cause['by'], except?: ParkedOn) =>
    parked.reduce((sum, { on, count }) => sum + (causes[on].by === by && on !== except ? count : 0), 0)
  return {
    held: held.count,
    parked: amount('person', held.count > 0 ? 'person' : undefined),
    dead: dead.reduce((sum, { count }) => sum + count, 0),
    heldUp: amount('end of trouble'),
    byThemselves: amount('itself') + failed.count,
  }
}
