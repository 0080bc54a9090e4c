import type { Clock } from '../util/clock.js'
import { InFlight } from './body.js'
import { createHooksApp, type HooksOptions } from './hooks.js'
import { PeerLimiter } from './peers.js'
import { type Listener, listen } from './server.js'

const maxInFlightBytes = 256 * 1024 * 1024
const refusalsPerPeerAndMinute = 120

export interface PublicListenerOptions extends Omit<HooksOptions, 'inFlight' | 'peers'> {
  readonly clock: Clock
  readonly address: { readonly host: string; readonly port: number }
}

/** Starts the public listener. Throws AppError `server.address_in_use` where another program listens there. */
export function startHooks({ clock, address, ...options }: PublicListenerOptions): Promise<Listener> {
  const inFlight = new InFlight(maxInFlightBytes)
  const peers = new PeerLimiter(clock, refusalsPerPeerAndMinute)
  return listen(createHooksApp({ ...options, inFlight, peers }), address)
}
