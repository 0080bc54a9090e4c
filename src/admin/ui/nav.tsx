import type { Place } from '../pages/page.js'

/** What the links of pages tell beside their names. */
export interface Counted {
  readonly waiting: number
  /** Held, dead and not replayed, parked until a person does something or some trouble is over. */
  readonly stuck: number
  /** Some of these need a person. */
  readonly isForPerson: boolean
  readonly isAtLeast: boolean
}

const links: readonly (readonly [place: Place, href: string, name: string])[] = [
  ['now', '/', 'Now'],
  ['events', '/events', 'Events'],
  ['runs', '/runs', 'Runs'],
  ['approvals', '/approvals', 'Approvals'],
  ['agents', '/agents', 'Agents'],
  ['sources', '/sources', 'Sources'],
  ['parked', '/parked', 'Dead and parked'],
]

export const navPath = '/nav'

interface Shown {
  readonly place: Place
  readonly counted: Counted
}

/**
 * The navigation. Its numbers keep themselves fresh, at most once a second whatever happens (`standing` is one event of
 * the page script for all that may change them); the links stay, with the focus that is on one. It is no live region:
 * nothing is read out.
 */
export function Nav({ place, counted }: Shown) {
  return (
    <nav
      aria-label="Pages"
      hx-get={`${navPath}?place=${place}`}
      hx-trigger="standing from:body throttle:1s"
      hx-swap="innerMorph"
      hx-sync="queue last"
    >
      <NavLinks place={place} counted={counted} />
    </nav>
  )
}

/** What stands in it. */
export function NavLinks({ place, counted: { waiting, stuck, isForPerson, isAtLeast } }: Shown) {
  return (
    <>
      {links.map(([name, href, said]) => (
        <a href={href} {...(name === place ? { 'aria-current': 'page' as const } : {})}>
          {said}
          {name === 'approvals' && waiting > 0 && (
            <span class="count is-wait">{waiting.toLocaleString('en')}</span>
          )}
          {name === 'parked' && stuck > 0 && (
            <span class={`count is-${isForPerson ? 'bad' : 'wait'}`}>
              {stuck.toLocaleString('en')}
              {isAtLeast && '+'}
            </span>
          )}
        </a>
      ))}
    </>
  )
}
