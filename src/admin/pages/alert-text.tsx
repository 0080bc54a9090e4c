import { Sentence } from './sentence.js'

/** What is wrong and what to do: commands can be copied, and where a page of ours does the same, it is led to. */
export function AlertText({ of }: { readonly of: string }) {
  const places = placesOf(of)
  return (
    <>
      <p class="break">
        <Sentence of={sentenceOf(of)} />
      </p>
      {places.length > 0 && (
        <p class="row small">
          {places.map(([href, name]) => (
            <a href={href}>{name}</a>
          ))}
        </p>
      )}
    </>
  )
}

const id = '([a-z]{3}_[0-9a-f]{32})'
const commands: readonly (readonly [RegExp, prefix: string, href: string, name: string])[] = [
  [new RegExp(`^rouse (?:explain|run) ${id}$`), 'run_', '/runs/', 'See the run'],
  [new RegExp(`^rouse (?:explain|event|replay) ${id}$`), 'evt_', '/events/', 'See the event'],
  [new RegExp(`^rouse (?:approve|deny) ${id}$`), 'apr_', '/approvals/', 'See the call'],
]

function sentenceOf(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** The pages that its commands are about, each once. */
function placesOf(text: string): (readonly [href: string, name: string])[] {
  const found = new Map<string, string>()
  for (const [index, command] of text.split('`').entries()) {
    if (index % 2 === 0) continue
    if (command === 'rouse approvals') found.set('/approvals', 'See what waits')
    for (const [pattern, prefix, href, name] of commands) {
      const [, thing] = pattern.exec(command) ?? []
      if (thing?.startsWith(prefix)) found.set(`${href}${thing}`, name)
    }
  }
  return [...found]
}
