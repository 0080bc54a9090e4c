import { decide, listApprovals, showApproval } from '../approvals.js'
import type { Answer, Door, DoorOptions } from '../door.js'
import type { PageOptions } from '../pages/page.js'
import { exactly, type Route } from '../routes.js'

const one = /^\/api\/approvals\/(apr_[0-9a-f]{32})$/
const decision = /^\/api\/approvals\/(apr_[0-9a-f]{32})\/(approve|deny)$/

/** The API, for programs. */
export function apiRoutes(door: Door, options: PageOptions & DoorOptions): readonly Route[] {
  const get = (path: RegExp, go: (captured: readonly string[]) => Answer): Route => ({
    method: 'GET',
    path,
    answer: (ask, captured) => door.api(ask, 'read', () => go(captured)),
  })
  return [
    get(exactly('/api/approvals'), () => listApprovals(options)),
    get(one, ([id = '']) => showApproval(id, options)),
    {
      method: 'POST',
      path: decision,
      answer: (ask, [id = '', verb]) =>
        door.api(ask, 'approve', async (caller) => {
          const by = { incoming: ask.incoming, caller }
          const response = await decide(id, verb === 'approve' ? 'approve' : 'deny', by, options)
          const { status } = response
          options.log.info({ approval: id, verb, by: caller.name, status }, 'admin: a decision')
          return response
        }),
    },
  ]
}
