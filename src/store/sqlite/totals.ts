import type { DeliveryState } from '../../domain/delivery.js'
import type { EventState } from '../../domain/event.js'
import type { RunState } from '../../domain/run.js'

/** Names a count of rows in a state that they never leave, as the table `totals` has it. */
export type Total = `deliveries.${DeliveryState}` | `events.${EventState}` | `runs.${RunState}`
