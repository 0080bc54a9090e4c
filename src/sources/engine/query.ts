/** Every value of `name` in the query of `url`, decoded. A value with a bad escape is left as it came. */
export function queryValues(url: string, name: string): string[] {
  const at = url.indexOf('?')
  if (at < 0) return []
  const found: string[] = []
  for (const pair of url.slice(at + 1).split('&', 200)) {
    const [key = '', ...rest] = pair.split('=')
    if (decode(key) === name) found.push(decode(rest.join('=')))
  }
  return found
}

/** The one value, or undefined where there is none or more than one. */
export function queryValue(url: string, name: string): string | undefined {
  const [value, second] = queryValues(url, name)
  return second === undefined ? value : undefined
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
