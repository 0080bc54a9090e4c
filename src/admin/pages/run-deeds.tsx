import type { Run } from '../../domain/run.js'
import { Card } from '../ui/parts.js'
import type { Page } from './page.js'

const maxReason = 1000

const cancel: Page = {
  method: 'POST',
  path: /^\/runs\/(run_[0-9a-f]{32})\/cancel$/,
  role: 'approve',
  place: 'runs',
  async show({ captured: [id = ''], form, caller }, { store, clock, onDecided }) {
    const reason = (form.get('reason') ?? '').trim().slice(0, maxReason)
    const said = `cancelled by ${caller.name}`
    await store.cancelRun(id, reason === '' ? said : `${said}: ${reason}`, clock.now())
    onDecided()
    return { kind: 'redirect', to: `/runs/${id}` }
  },
}

export const runDeeds: readonly Page[] = [cancel]

export function CancelForm({ runId }: { readonly runId: string }) {
  return (
    <Card title="Cancel it">
      <form method="post" action={`/runs/${runId}/cancel`} class="filters">
        <label>
          Why, for the ledger
          <input id="reason" name="reason" maxlength={maxReason} autocomplete="off" />
        </label>
        <button class="danger" type="submit">
          Cancel this run
        </button>
      </form>
      <p class="small soft">What it has sent stays as it is, and it sends nothing more.</p>
    </Card>
  )
}

/** Leads to the plan, which says what would be done again. */
export function ReplayForm({ run: { eventId, agent } }: { readonly run: Pick<Run, 'eventId' | 'agent'> }) {
  return (
    <Card title="Replay">
      <form method="get" action={`/events/${eventId}/replay`} class="row">
        <input type="hidden" name="agent" value={agent} />
        <button type="submit">See what a replay would do</button>
        <span class="small soft">A new run of the same event. Nothing is done before you say so.</span>
      </form>
    </Card>
  )
}
