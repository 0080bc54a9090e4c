import type { Child } from 'hono/jsx'
import type { Change } from '../tail.js'

/**
 * A part of a page that keeps itself fresh: whenever something of `on` happened it asks for `part`, a path of ours, and
 * puts what comes back in place of what it holds, without moving the focus, the scroll or what is folded open. At most
 * once a second, and again after the connection was lost. Without script it stays as it was drawn.
 *
 * The page answers `part` with `{ kind: 'part', html }`, which is what stands between the tags here, not `Live` itself:
 *
 *     <Live part="/runs?part=list" on={['run']}><RunList … /></Live>
 *
 * `part` is made of our own words, ids and `encodeURIComponent`. Forms may stand in it: what a person is typing stays,
 * if the fields keep their ids.
 */
export function Live({
  part,
  on,
  children,
}: {
  readonly part: string
  readonly on: readonly Change[]
  readonly children?: Child
}) {
  const trigger = [...on, 'again'].map((name) => `${name} from:body throttle:1s`).join(', ')
  return (
    <div class="stack" hx-get={part} hx-trigger={trigger} hx-swap="innerMorph" hx-sync="queue last">
      {children}
    </div>
  )
}
