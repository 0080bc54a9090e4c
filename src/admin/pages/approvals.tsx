import { type Approval, type ApprovalState, approvalTransitions } from '../../domain/approval.js'
import { plain } from '../../util/plain.js'
import type { Caller } from '../callers.js'
import { Live } from '../ui/live.js'
import { Card, Empty } from '../ui/parts.js'
import { count } from './amounts.js'
import { ApprovalCard } from './approvals-card.js'
import { approvalDeeds } from './approvals-deeds.js'
import { ApprovalPage } from './approvals-one.js'
import { type ApprovalRow, ApprovalsTable } from './approvals-table.js'
import { requireApproval, viewOf } from './approvals-view.js'
import { sayAfter } from './approvals-words.js'
import { Choice, Older } from './list-parts.js'
import type { Html, Page, PageOptions } from './page.js'

const path = '/approvals'
const perPage = 30
const mostCards = 15
const mostWaiting = 200

/** What waits for a person, as cards; below it what was decided, newest first. */
const approvals: Page = {
  method: 'GET',
  path: /^\/approvals$/,
  role: 'read',
  place: 'approvals',
  async show({ query, caller, isPart }, options) {
    const isFirst = !query.has('before')
    if (isPart && isFirst) return { kind: 'part', html: await waitingOf(caller, options) }
    const decided = await decidedOf(query, options)
    if (isPart) return { kind: 'part', html: decided }
    const html = (
      <>
        {isFirst && (
          <Live part={path} on={['approval']}>
            {await waitingOf(caller, options)}
          </Live>
        )}
        <div class="head">
          <h2>Decided</h2>
          <DecidedFilter query={query} />
        </div>
        {decided}
      </>
    )
    return { kind: 'page', title: 'Approvals', html }
  },
}

const one: Page = {
  method: 'GET',
  path: /^\/approvals\/(apr_[0-9a-f]{32})$/,
  role: 'read',
  place: 'approvals',
  async show({ captured: [id = ''], caller, isPart }, options) {
    const view = await viewOf(await requireApproval(id, options), caller, options)
    const shown = <ApprovalPage of={view} />
    if (isPart) return { kind: 'part', html: shown }
    const { isOver } = sayAfter(view.approval, view.call, view.now)
    const html = isOver ? (
      shown
    ) : (
      <Live part={`/approvals/${id}`} on={['approval', 'call', 'run']}>
        {shown}
      </Live>
    )
    return { kind: 'page', title: `${plain(view.approval.tool)} ${view.approval.state}`, html }
  },
}

export const approvalsPages: readonly Page[] = [approvals, one, ...approvalDeeds]

/** What runs out first stands first. */
async function waitingOf(caller: Caller, options: PageOptions): Promise<Html> {
  const { store, clock } = options
  const now = clock.now()
  const found = await store.listApprovals({ state: 'waiting', limit: mostWaiting })
  const open = found
    .filter(({ expiresAt }) => now < expiresAt)
    .sort((left, right) => left.expiresAt - right.expiresAt || (left.id < right.id ? -1 : 1))
  const held = (await store.counts()).held
  const views = []
  for (const approval of open.slice(0, mostCards)) views.push(await viewOf(approval, caller, options))
  const rest = open.slice(mostCards)
  return (
    <div class="stack page">
      <h1>{open.length === 0 ? 'Approvals' : sayWaiting(open.length, found.length, caller)}</h1>
      {held > 0 && (
        <p class="notice is-wait">
          <a href="/parked">
            {count(held, 'write')} {held === 1 ? 'was' : 'were'} sent and what {held === 1 ? 'it' : 'they'}{' '}
            did is not known. Say what became of {held === 1 ? 'it' : 'them'}.
          </a>
        </p>
      )}
      {open.length === 0 && <NothingWaits />}
      {views.map((view) => (
        <ApprovalCard of={view} />
      ))}
      {rest.length > 0 && (
        <Card title={`${rest.length} more wait`} flush>
          <ApprovalsTable of={await rowsOf(rest, options)} now={now} />
        </Card>
      )}
    </div>
  )
}

function sayWaiting(open: number, found: number, { role }: Caller): string {
  const amount =
    found === mostWaiting
      ? `${mostWaiting} or more calls wait`
      : `${count(open, 'call')} ${open === 1 ? 'waits' : 'wait'}`
  return `${amount} for ${role === 'approve' ? 'you' : 'a person'}`
}

function NothingWaits() {
  return (
    <Card>
      <Empty title="Nothing waits for you">
        <p>
          A write that an agent may make only with a person’s word stands here, as the exact request, until it
          is approved, denied or lapses.
        </p>
        <p>
          In <code>config.yaml</code> a tool with <code>gate: approve</code> asks; writes do by default.
        </p>
      </Empty>
    </Card>
  )
}

const decidedStates = (Object.keys(approvalTransitions) as ApprovalState[]).filter(
  (state) => state !== 'waiting',
)

function DecidedFilter({ query }: { readonly query: URLSearchParams }) {
  return (
    <form method="get" action={path} class="filters">
      <Choice name="state" label="Decision" of={decidedStates} chosen={stateOf(query)} any="all" />
      <button type="submit">Show</button>
    </form>
  )
}

function stateOf(query: URLSearchParams): ApprovalState | undefined {
  return decidedStates.find((state) => state === query.get('state'))
}

async function decidedOf(query: URLSearchParams, options: PageOptions): Promise<Html> {
  const { store, clock } = options
  const before = query.get('before') ?? undefined
  const state = stateOf(query)
  const agent = query.get('agent') ?? undefined
  const found = await store.findApprovals({ state, agent, before, limit: perPage })
  const now = clock.now()
  const rows = await rowsOf(
    found.approvals.filter((approval) => approval.state !== 'waiting' || approval.expiresAt <= now),
    options,
  )
  return (
    <>
      {rows.length > 0 && (
        <Card flush>
          <ApprovalsTable of={rows} now={now} />
        </Card>
      )}
      {rows.length === 0 && found.next === undefined && (
        <p class="soft">{before === undefined ? 'Nothing was decided yet.' : 'There are no older ones.'}</p>
      )}
      <Older path={path} query={query} next={found.next} isPartial={found.isPartial} />
    </>
  )
}

async function rowsOf(found: readonly Approval[], { store }: PageOptions): Promise<ApprovalRow[]> {
  const rows: ApprovalRow[] = []
  for (const approval of found) {
    const call = approval.state === 'approved' ? await store.toolCall(approval.toolCallId) : undefined
    rows.push({ approval, call })
  }
  return rows
}
