// Loaded before the real program (`node --import`). Its parent says over IPC, or by the environment, at which point
// the process is to end, and at the how-manieth passing. It ends as a power cut would end it for a process: SIGKILL.
import { subscribe } from 'node:diagnostics_channel'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const { armFaultPoints } = await import(pathToFileURL(process.env.FAULT_TEST_MODULE).href)
let armed = process.env.FAULT_TEST_POINT
let left = Number(process.env.FAULT_TEST_PASSING ?? 1)

function reached(point) {
  if (point === armed && --left <= 0) process.kill(process.pid, 'SIGKILL')
}

armFaultPoints(reached)
subscribe('undici:request:bodySent', ({ request }) => {
  if (request.method !== 'GET') reached('K11')
})
if (isMainThread && process.channel) {
  process.on('message', ({ point, passing }) => {
    armed = point
    left = passing
    process.send({ armed: point })
  })
  process.channel.unref()
}

// What is old is looked for minutes after the start, and is months old: neither is waited for here.
const laterMs = Number(process.env.FAULT_TEST_LATER_MS ?? 0)
if (laterMs > 0) {
  const now = Date.now
  Date.now = () => now() + laterMs
  const later = globalThis.setTimeout
  const atOnce = (callback, ms, ...rest) => later(callback, ms === 300_000 ? 1 : ms, ...rest)
  globalThis.setTimeout = Object.assign(atOnce, later)
}
