import type { StoredEvent } from '../../store/records.js'
import { Short } from './events-table.js'

/** `issues.opened of ci about acme/web#42`, after “because of”. */
export function BecauseOf({ of }: { readonly of: Pick<StoredEvent, 'id' | 'source' | 'type' | 'subject'> }) {
  return (
    <>
      <a href={`/events/${of.id}`}>
        <Short of={of.type} />
      </a>{' '}
      of <Short of={of.source} />
      {of.subject !== undefined && (
        <>
          {' '}
          about{' '}
          <b>
            <Short of={of.subject} />
          </b>
        </>
      )}
    </>
  )
}
