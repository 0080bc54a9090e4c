import { wakes } from '../../domain/event.js'
import type { StoredEvent } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { Pill, Text, When } from '../ui/parts.js'
import { listed } from './amounts.js'
import { Short } from './events-table.js'
import { sayIgnored } from './events-words.js'

/** Events, newest first, in a few words each. */
export function LatestEvents({
  of,
  now,
  hasSource = true,
}: {
  readonly of: readonly StoredEvent[]
  readonly now: number
  readonly hasSource?: boolean
}) {
  return (
    <table class="stacks list">
      <thead>
        <tr>
          <th>What</th>
          {hasSource && <th class="w-name">Source</th>}
          <th class="w-wide">What became of it</th>
          <th class="w-time right">When</th>
        </tr>
      </thead>
      <tbody>
        {of.map((event) => (
          <tr id={event.id}>
            <td {...(hasSource ? {} : { class: 'wide' })}>
              <a href={`/events/${event.id}`} class="break">
                <Text of={event.type} />
              </a>
              {event.subject !== undefined && (
                <div class="small faint break">
                  <Short of={event.subject} />
                </div>
              )}
            </td>
            {hasSource && (
              <td class="soft end">
                <a href={`/sources/${encodeURIComponent(event.source)}`}>
                  <Text of={event.source} />
                </a>
              </td>
            )}
            <td>
              <Became of={event} />
            </td>
            <td class="num small soft">
              <When at={event.recordedAt} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const mostNamed = 3

function Became({ of }: { readonly of: StoredEvent }) {
  if (of.state === 'recorded') return <Pill tone="busy">recorded</Pill>
  const woken = of.decisions.filter(wakes).map(({ agent }) => plain(agent))
  if (woken.length === 0) return <span class="small soft break">ignored: {sayIgnored(of)}</span>
  const names = woken.slice(0, mostNamed)
  if (woken.length > names.length) names.push(`${woken.length - names.length} more`)
  return <span class="small break">woke {listed(names)}</span>
}
