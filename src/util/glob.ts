/**
 * Whether `text` matches `pattern`, in which `*` stands for any run of characters and nothing else is
 * special. Linear in both lengths: no backtracking on a sender's text.
 */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return first === text
  const last = parts[parts.length - 1] ?? ''
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
