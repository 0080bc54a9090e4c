import { AppError } from '../../domain/errors.js'
import { editedText } from '../../runs/edit.js'
import { plain } from '../../util/plain.js'
import { changedArguments, currentArguments } from './approvals-edit.js'
import { maxReason } from './approvals-forms.js'
import { ApprovalPage } from './approvals-one.js'
import { canBeDecided, requireApproval, viewOf } from './approvals-view.js'
import type { Page, PageOptions, PageRequest, Shown } from './page.js'

const oneId = '(apr_[0-9a-f]{32})'

const approve = deed('approve', async (id, { form, caller }, { store, clock }) => {
  const digest = form.get('digest') ?? ''
  const reason = reasonOf(form)
  await store.decide(id, { state: 'approved', by: caller.name, reason, digest }, clock.now())
})

const deny = deed('deny', async (id, { form, caller }, { store, clock }) => {
  const digest = form.get('digest') ?? ''
  const reason = reasonOf(form)
  await store.decide(id, { state: 'denied', by: caller.name, reason, digest }, clock.now())
})

const edit = deed('edit', async (id, { form, caller }, options) => {
  const { store, clock } = options
  const view = await viewOf(await requireApproval(id, options), caller, options)
  const before = currentArguments(view)
  if (!view.tool || !before) {
    throw new AppError(
      'store.conflict',
      `${view.approval.tool} is no longer declared, or its arguments are none`,
    )
  }
  const argumentsText = editedText(before, changedArguments(before, form, view.tool), view.tool)
  const digest = form.get('digest') ?? ''
  await store.editApproval(
    id,
    { by: caller.name, argumentsText, reason: reasonOf(form), digest },
    clock.now(),
  )
})

export const approvalDeeds: readonly Page[] = [approve, deny, edit]

type Verb = 'approve' | 'deny' | 'edit'

/** A deed leads to the page that shows what became of it. What cannot be done is said there, and nothing is changed. */
function deed(
  verb: Verb,
  act: (id: string, request: PageRequest, options: PageOptions) => Promise<void>,
): Page {
  return {
    method: 'POST',
    path: new RegExp(`^/approvals/${oneId}/${verb}$`),
    role: 'approve',
    place: 'approvals',
    async show(request, options) {
      const [id = ''] = request.captured
      try {
        await act(id, request, options)
      } catch (cause) {
        if (cause instanceof AppError && cause.code in refusals)
          return refused(id, verb, cause, request, options)
        throw cause
      }
      options.onDecided()
      return { kind: 'redirect', to: `/approvals/${id}` }
    },
  }
}

const refusals = {
  'store.conflict': 409,
  'approval.expired': 409,
  'command.failed': 422,
  'command.usage': 422,
} as const

/** The approval as it is now, with why nothing was done. */
async function refused(
  id: string,
  verb: Verb,
  cause: AppError,
  { form, caller }: PageRequest,
  options: PageOptions,
): Promise<Shown> {
  const view = await viewOf(await requireApproval(id, options), caller, options)
  const isOpen = canBeDecided(view)
  const isOther = isOpen && cause.code === 'store.conflict' && form.get('digest') !== view.approval.digest
  const why = isOther ? 'What would be sent is not what you saw. Look at it again.' : plain(cause.message)
  const html = (
    <>
      <div class="notice is-bad" role="alert">
        <b>Nothing was {verb === 'edit' ? 'changed' : 'decided'}</b>
        <span class="break">{why}</span>
      </div>
      <ApprovalPage of={view} {...(verb === 'edit' && isOpen && !isOther ? { typed: form } : {})} />
    </>
  )
  const status = refusals[cause.code as keyof typeof refusals]
  return { kind: 'page', title: 'Nothing was changed', html, status }
}

function reasonOf(form: URLSearchParams): string | undefined {
  const reason = (form.get('reason') ?? '').trim().slice(0, maxReason)
  return reason === '' ? undefined : reason
}
