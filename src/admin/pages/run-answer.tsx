import { StoreError } from '../../domain/errors.js'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { Card, Id, Text } from '../ui/parts.js'
import { Excerpt } from './excerpt.js'
import type { Page } from './page.js'

const mostShown = 500_000

/** What the model answered at one of its turns: its words, and the vendor's items as they came. */
export const turnAnswer: Page = {
  method: 'GET',
  path: /^\/runs\/(run_[0-9a-f]{32})\/turns\/(\d{1,6})\/answer$/,
  role: 'read',
  place: 'runs',
  async show({ captured: [runId = '', turn = ''], isPart }, { store }) {
    const found = (await store.run(runId)) && (await store.journal(runId))
    const step = found?.steps.find((one) => one.turn === Number(turn))
    if (!step)
      throw new StoreError('store.not_found', `there is no turn ${turn} of a run ${runId} in this ledger`)
    const items = stringifyJson(step.items as JsonValue[], 2)
    const shown = (
      <div class="stack">
        {step.text.trim() !== '' && <Excerpt of={step.text} label="What the model wrote" most={mostShown} />}
        <span class="said-by">As the endpoint sent it, and as the model is shown it again</span>
        <Excerpt of={items} label="Items of the answer" most={mostShown} />
      </div>
    )
    if (isPart) return { kind: 'part', html: shown }
    const html = (
      <div class="stack page">
        <p class="trail">
          <a href="/runs">Runs</a> / <Id id={runId} href={`/runs/${runId}#turn-${turn}`} /> / turn {turn}
        </p>
        <h1>
          What <Text of={step.model} /> answered at turn {turn}
        </h1>
        <Card>{shown}</Card>
      </div>
    )
    return { kind: 'page', title: `Answer of turn ${turn}`, html }
  },
}
