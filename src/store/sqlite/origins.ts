/** The states from which `to` can be reached, as a JSON list for `state IN (SELECT value FROM json_each(?))`. */
export function origins<S extends string>(transitions: Readonly<Record<S, readonly S[]>>, to: S): string {
  const states: string[] = []
  for (const [from, reachable] of Object.entries<readonly S[]>(transitions))
    if (reachable.includes(to)) states.push(from)
  return JSON.stringify(states)
}
