import { Sentence } from './sentence.js'

/** What is wrong and what to do: commands can be copied, and where a page of ours does the same, it is led to. */
export function AlertText({ of }: { readonly of: string }) {
  const places = placesOf(of)
  return (
    <p class="break">
      <Sentence of={of} />
      {places.length > 0 && (
        <span class="small">
          {' '}
          Here:{' '}
          {places.map(([href, name], index) => (
            <>
              {index > 0 && ', '}
              <a href={href}>{name}</a>
            </>
          ))}
        </span>
      )}
    </p>
  )
}

const id = '([a-z]{3}_[0-9a-f]{32})'
const commands: readonly (readonly [RegExp, prefix: string, href: string, name: string])[] = [
  [new RegExp(`^rouse (?:explain|run) ${id}$`), 'run_', '/runs/', 'the run'],
  [new RegExp(`^rouse (?:explain|event|replay) ${id}$`), 'evt_', '/events/', 'the event'],
  [new RegExp(`^rouse (?:approve|deny) ${id}$`), 'apr_', '/approvals/', 'the call'],
]

/** The pages that its commands are about, each once. */
function placesOf(text: string): (readonly [href: string, name: string])[] {
  const found = new Map<string, string>()
  for (const [index, command] of text.split('`').entries()) {
    if (index % 2 === 0) continue
    if (command === 'rouse approvals') found.set('/approvals', 'what waits')
    for (const [pattern, prefix, href, name] of commands) {
      const [, thing] = pattern.exec(command) ?? []
      if (thing?.startsWith(prefix)) found.set(`${href}${thing}`, name)
    }
  }
  return [...found]
}
