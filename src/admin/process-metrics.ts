import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Family } from '../util/metrics.js'
import { packageVersion } from '../util/version.js'

const delay = monitorEventLoopDelay({ resolution: 20 })

/** Of the process itself, under the names that Prometheus’ own libraries use. */
export function processFamilies(): Family[] {
  delay.enable()
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const worstMs = Math.max(0, (delay.max - 20e6) / 1e6)
  delay.reset()
  const one = (name: string, type: Family['type'], help: string, value: number): Family => {
    return { name, type, help, samples: [{ value }] }
  }
  return [
    {
      ...one('rouse_build_info', 'gauge', 'Which version this is.', 1),
      samples: [{ labels: { version: packageVersion(), node: process.versions.node }, value: 1 }],
    },
    one('process_resident_memory_bytes', 'gauge', 'Resident memory.', rss),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Used heap of JavaScript.', heapUsed),
    one('process_cpu_seconds_total', 'counter', 'Processor time, user and system.', (user + system) / 1e6),
    one('process_uptime_seconds', 'gauge', 'Since the process began.', process.uptime()),
    one('nodejs_eventloop_lag_max_seconds', 'gauge', 'Longest stall since the last look.', worstMs / 1000),
  ]
}
