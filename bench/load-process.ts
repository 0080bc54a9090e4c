import { makeDelivery } from './deliveries.js'
import { percentile, sendLoad } from './load.js'

/** The sender as a process of its own, so that it does not share an event loop with what it measures. */
const [port, path, secret, count, connections, first] = process.argv.slice(2)
const requests = Array.from({ length: Number(count) }, (_, at) =>
  makeDelivery({ path: path ?? '', secret: secret ?? '', number: Number(first) + at }),
)
const { acked, refused, seconds, latencies } = await sendLoad({
  port: Number(port),
  connections: Number(connections),
  requests,
})
process.stdout.write(
  JSON.stringify({
    acked,
    refused,
    seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  }),
)
