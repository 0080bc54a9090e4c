const maxWord = 64

/**
 * Whether a search would be widened by it: `word:value`, however bracketed or negated, `OR` and `|`. Not `std::string`,
 * `error: text`, `12:30`, nor a web address.
 */
export function isQualified(text: string): boolean {
  if (text.includes('|') || /(?<![\p{L}\p{N}_])OR(?![\p{L}\p{N}_])/u.test(text)) return true
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    if (isQualifier(text.slice(Math.max(0, at - maxWord), at), text.slice(at + 1, at + 4))) return true
  }
  return false
}

function isQualifier(before: string, after: string): boolean {
  if (after === '' || /^[\s:)\],;!?}]/.test(after) || /^["'`.](?:\s|$)/.test(after)) return false
  const quoted = /["'`)\]]$/.test(before)
  const word = /[\p{L}\p{N}_.-]*$/u.exec(quoted ? before.slice(0, -1) : before)?.[0] ?? ''
  const name = word.replace(/^[-.]+/, '')
  if (name === '' || /^\p{N}/u.test(name)) return false
  if (after.startsWith('//') && /^(?:https?|ftp|wss?|ssh|git|file)$/i.test(name)) return false
  // C:\Users
  return !(/^[a-z]$/i.test(name) && /^[\\/]/.test(after))
}
