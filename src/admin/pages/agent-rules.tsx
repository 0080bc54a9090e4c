import type { Config } from '../../config/config.js'
import type { Agent } from '../../domain/agent.js'
import type { Effect, Tool } from '../../domain/tool.js'
import type { ToolReach } from '../../policy/reach.js'
import { blastRadius } from '../../runs/blast-radius.js'
import { requestUrl } from '../../runs/config-documents.js'
import {
  sayChoices,
  sayLabel,
  sayMoney,
  sayMost,
  sayObjects,
  sayOrigins,
  sayReadables,
  sayRuns,
  sayTexts,
} from '../../runs/reach-words.js'
import { Card, Facts, Pill, Text, type Tone } from '../ui/parts.js'
import { sayBounds, sayLimits, sayMailbox, sayTrigger } from './agent-words.js'
import { count, listed } from './amounts.js'

const effectTones: Readonly<Record<Effect, Tone>> = { read: 'none', write: 'busy', destructive: 'bad' }
const gateTones: Readonly<Record<ToolReach['gate'], Tone>> = { auto: 'none', approve: 'wait', shadow: 'none' }
const gateWords: Readonly<Record<ToolReach['gate'], string>> = {
  auto: 'made at once',
  approve: 'a person decides',
  shadow: 'not sent',
}

/** What it may do: writes each with their bounds, reads in a list. */
export function Tools({ agent, config }: { readonly agent: Agent; readonly config: Config }) {
  const { tools } = blastRadius(agent, config)
  const writes = tools.filter(({ tool }) => tool.effect !== 'read')
  const reads = tools.filter(({ tool }) => tool.effect === 'read')
  return (
    <Card flush title="What it may do">
      {tools.length === 0 && <p class="empty">It has no tools: it can only read its event and answer.</p>}
      {writes.length > 0 && (
        <table class="stacks">
          <thead>
            <tr>
              <th>Writes</th>
              <th>Decided</th>
              <th>At most</th>
              <th>Only if</th>
            </tr>
          </thead>
          <tbody>
            {writes.map((reached) => (
              <WriteRow of={reached} />
            ))}
          </tbody>
        </table>
      )}
      {reads.length > 0 && (
        <table class="stacks">
          <thead>
            <tr>
              <th>Reads</th>
              <th>Request</th>
            </tr>
          </thead>
          <tbody>
            {reads.map(({ tool, gate }) => (
              <tr>
                <td class="wide">
                  <ToolName of={tool} />
                  {gate !== 'auto' && <Pill tone={gateTones[gate]}>{gateWords[gate]}</Pill>}
                </td>
                <td class="wide">
                  <Request of={tool} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}

function WriteRow({ of: { tool, grant, gate, sharedWith, audience } }: { readonly of: ToolReach }) {
  const bounds = sayBounds(grant)
  return (
    <tr>
      <td class="wide">
        <div class="row">
          <ToolName of={tool} />
          <Pill tone={effectTones[tool.effect]}>{tool.effect}</Pill>
        </div>
        <div class="small soft break">
          <Text of={tool.description} />
        </div>
        <Request of={tool} />
      </td>
      <td>
        <Pill tone={gateTones[gate]}>{gateWords[gate]}</Pill>
        {audience !== undefined && <div class="small faint">seen by {sayLabel(audience)}</div>}
      </td>
      <td class="small">
        {bounds.length === 0 && <span class="faint">the limits of a run</span>}
        {bounds.map((bound) => (
          <div>{bound}</div>
        ))}
        {sharedWith.length > 0 && (
          <div class="faint break">
            counted together with <Text of={listed(sharedWith)} />
          </div>
        )}
      </td>
      <td class="wide small">
        {grant.condition === undefined ? (
          <span class="faint">without a condition</span>
        ) : (
          <code class="break">
            <Text of={grant.condition.source} />
          </code>
        )}
        {Object.entries(tool.facts).map(([fact, read]) => (
          <div class="faint break">
            <Text of={`facts.${fact} is read with ${read}`} />
          </div>
        ))}
      </td>
    </tr>
  )
}

function ToolName({ of: { name } }: { readonly of: Tool }) {
  return (
    <b class="mono break">
      <Text of={name} />
    </b>
  )
}

function Request({ of: tool }: { readonly of: Tool }) {
  return (
    <div class="small faint mono break">
      <Text of={`${tool.method} ${requestUrl(tool)}`} />
    </div>
  )
}

/** What wakes it, and what bounds its runs. */
export function Wakes({ agent, config }: { readonly agent: Agent; readonly config: Config }) {
  const model = config.models.get(agent.model)
  return (
    <Card title="When and how it works">
      <Facts
        of={[
          [
            'wakes on',
            agent.on.map((trigger) => (
              <div class="stack tight">
                <a href={`/sources/${encodeURIComponent(trigger.source)}`}>
                  <Text of={sayTrigger(trigger)} />
                </a>
                {trigger.condition && (
                  <span class="small">
                    only if{' '}
                    <code>
                      <Text of={trigger.condition.source} />
                    </code>
                  </span>
                )}
                {trigger.echoes && <span class="small soft">also what our own writes caused</span>}
              </div>
            )),
          ],
          ['when busy', sayMailbox(agent.mailbox)],
          [
            'model',
            model === undefined ? (
              'none'
            ) : (
              <>
                <Text of={model.model} /> <span class="faint">({agent.model})</span>
              </>
            ),
          ],
          agent.refresh === undefined ? undefined : ['reads first', <code>{agent.refresh}</code>],
          ['limits', sayLimits(agent).map((line) => <div>{line}</div>)],
        ]}
      />
    </Card>
  )
}

/** How far it reaches, whatever its model says. */
export function Reached({ agent, config }: { readonly agent: Agent; readonly config: Config }) {
  const reach = blastRadius(agent, config)
  const writes = reach.tools.filter(({ tool }) => tool.effect !== 'read')
  const lines = (of: readonly string[]) =>
    of.map((line) => (
      <div class="break">
        <Text of={line} />
      </div>
    ))
  return (
    <Card title="At worst, in a day" aside={<span class="small faint">whatever its model says</span>}>
      <Facts
        of={[
          ['runs', lines([sayRuns(reach, agent)])],
          ['model', lines([sayMoney(reach, agent, config)])],
          [
            'writes',
            writes.length === 0
              ? 'none'
              : lines(
                  writes.flatMap(({ tool, calls, sums }) => [
                    `${tool.name}: ${sayMost(calls)[2]}`,
                    ...sums.map((sum) => `${tool.name}, ${sum.arg} added up: ${sayMost(sum)[2]}`),
                  ]),
                ),
          ],
          ['on', lines(sayObjects(reach))],
          ['reads', lines(sayReadables(reach))],
          ['says', lines(sayTexts(reach))],
          ['hosts', lines(sayOrigins(reach, agent, config))],
          ['choices', lines([sayChoices(reach)])],
        ]}
      />
      {writes.some(({ grant }) => grant.condition) && (
        <p class="small faint">
          {count(writes.filter(({ grant }) => grant.condition).length, 'condition')} narrow that further, and
          are not counted here.
        </p>
      )}
    </Card>
  )
}
