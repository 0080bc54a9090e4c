import { Text } from '../ui/parts.js'

/** A sentence of ours in which commands stand between backticks: one click takes all of one. What it names from outside stays text. */
export function Sentence({ of }: { readonly of: string }) {
  return (
    <>
      {of.split('`').map((part, index) =>
        index % 2 === 0 ? (
          <Text of={part} />
        ) : (
          <code class={part.startsWith('rouse ') ? 'command' : undefined}>
            <Text of={part} />
          </code>
        ),
      )}
    </>
  )
}
