const eventColumns = `e.id, e.source, e.source_event_id, e.type, e.subject, e.time_at, e.recorded_at, e.via,
  e.delivery_id, e.state, e.decisions, e.ids, e.actor, e.is_public, e.echo_of, e.chain`

/** An event with what stands for its data: its own, or the body of the delivery that brought it. */
export const selectEvent = `
  SELECT ${eventColumns}, e.data, d.body
  FROM events e LEFT JOIN deliveries d ON e.data IS NULL AND d.id = e.delivery_id`

/** An event without its data, which may be a megabyte. `more`: columns before its own, each with a comma. */
export function selectEventOnly(more = ''): string {
  return `SELECT ${more}${eventColumns}, NULL AS data, NULL AS body FROM events e`
}

const deliveryColumns = `d.id, d.source, d.state, d.received_at, d.url, d.headers, d.secret_index, d.remote_address,
    d.reason, d.body_bytes`

export const selectDelivery = `
  SELECT ${deliveryColumns}, d.body,
    (SELECT json_group_array(id) FROM (
      SELECT id FROM events WHERE delivery_id = d.id
      UNION ALL SELECT event_id FROM redeliveries WHERE delivery_id = d.id)) AS event_ids
  FROM deliveries d`

/** One that brought no event, without its bytes. */
export const selectDeliveryOnly = `SELECT ${deliveryColumns}, NULL AS body, '[]' AS event_ids FROM deliveries d`

/**
 * The table of runs by the index of the unfinished. Without being told, the engine takes the index of all runs of a
 * subject, and a subject with ten thousand finished runs costs ten thousand rows each time.
 */
export const unfinishedRuns = 'runs INDEXED BY runs_unfinished'
