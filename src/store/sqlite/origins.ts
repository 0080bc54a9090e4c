/** The states from which `to` can be reached. */
function statesBefore<S extends string>(transitions: Readonly<Record<S, readonly S[]>>, to: S): string[] {
  const states: string[] = []
  for (const [from, reachable] of Object.entries<readonly S[]>(transitions))
    if (reachable.includes(to)) states.push(from)
  return states
}

/** They as a JSON list for `state IN (SELECT value FROM json_each(?))`. */
export function origins<S extends string>(transitions: Readonly<Record<S, readonly S[]>>, to: S): string {
  return JSON.stringify(statesBefore(transitions, to))
}

/** They for `state IN (…)`, to be written into a statement. */
export function originList<S extends string>(transitions: Readonly<Record<S, readonly S[]>>, to: S): string {
  return statesBefore(transitions, to)
    .map((state) => `'${state}'`)
    .join(', ')
}
