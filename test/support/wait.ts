import { sleep } from '../../src/util/clock.js'

/** Waits until `probe` gives something other than undefined or false, and gives that. Fails with what was waited for. */
export async function until<Value>(
  what: string,
  probe: () => Value | Promise<Value>,
  timeoutMs = 8_000,
): Promise<Exclude<Value, undefined | false | null>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false && value !== null) {
      return value as Exclude<Value, undefined | false | null>
    }
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await sleep(10)
  }
}
