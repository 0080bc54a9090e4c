import type { Attempt } from '../../store/records.js'
import { Pill, Text, type Tone } from '../ui/parts.js'
import { count, spanOf } from './amounts.js'
import { At } from './timeline.js'

const mostShown = 50

/** Each time that a worker took the run, and how that ended. */
export function Attempts({ of }: { readonly of: readonly Attempt[] }) {
  const crashes = of.filter(({ outcome }) => outcome === 'crashed').length
  const shown = of.slice(-mostShown)
  return (
    <details>
      <summary>
        {count(of.length, 'attempt')}
        {crashes > 0 && `, of which ${crashes} ended with a crash of the process`}
      </summary>
      {of.length > shown.length && <p class="small faint">The last {mostShown} of them.</p>}
      <table class="stacks">
        <thead>
          <tr>
            <th>Attempt</th>
            <th>Began (UTC)</th>
            <th>After</th>
            <th>Outcome</th>
            <th>Node</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ number, node, startedAt, endedAt, outcome, error }) => (
            <tr>
              <td>{number}</td>
              <td>
                <At at={startedAt} withDay />
              </td>
              <td>{endedAt === undefined ? '' : spanOf(endedAt - startedAt)}</td>
              <td class="wide">
                <Pill tone={toneOf(outcome)}>{outcome ?? 'under way'}</Pill>
                {error && (
                  <div class="small soft break">
                    <code>
                      <Text of={error.code} />
                    </code>{' '}
                    <Text of={error.message} />
                  </div>
                )}
              </td>
              <td class="faint">
                <Text of={node} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

function toneOf(outcome: Attempt['outcome']): Tone {
  if (outcome === 'completed') return 'good'
  if (outcome === 'crashed' || outcome === 'dead') return 'bad'
  if (outcome === 'failed') return 'wait'
  return outcome === undefined ? 'busy' : 'none'
}
