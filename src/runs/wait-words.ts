import type { ParkedOn } from '../domain/run.js'

/** What a parked run waits for, after “waits for”. */
export const waits: Readonly<Record<ParkedOn, string>> = {
  time: 'the time',
  quiet: 'its subject to be quiet',
  budget: 'its budget',
  model: 'the model',
  api: 'an API',
  disk: 'room on the disk',
  agent: 'its agent, which is off',
  restart: 'the daemon to start again',
  approval: 'a person’s word on a call',
  person: 'a person to say what became of a write',
}
