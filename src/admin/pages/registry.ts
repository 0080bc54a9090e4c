import { agentsPages } from './agents.js'
import { approvalsPages } from './approvals.js'
import { eventPages } from './event.js'
import { eventsPages } from './events.js'
import { now } from './now.js'
import type { Page } from './page.js'
import { parkedPages } from './parked.js'
import { runPages } from './run.js'
import { runsPages } from './runs.js'
import { sourcesPages } from './sources.js'

/** All pages, one line each. No two may take the same method and path. */
export const pages: readonly Page[] = [
  now,
  ...eventPages,
  ...runPages,
  ...eventsPages,
  ...runsPages,
  ...approvalsPages,
  ...parkedPages,
  ...agentsPages,
  ...sourcesPages,
]
