const maxWord = 64

/** `repo：acme/api`: to a search that levels forms of one character it is a colon. */
const wideColon = /(?<=[a-z\d"')\]])[：﹕︓](?=["'(]?[a-z\d])/gi
const sources =
  'c|cc|cpp|cs|css|go|h|html|java|js|json|jsx|kt|md|mjs|php|py|rb|rs|sh|sql|swift|toml|ts|tsx|vue|yaml|yml'
/** `sha256:2c26b4`, `localhost:3000`, `src/index.ts:12:5`: a digest, a port and a line are no one's qualifiers. */
const plainColon = new RegExp(
  `(?<![\\p{L}\\p{N}_.:-])(?:(?:sha(?:1|224|256|384|512)|md5):(?=[\\da-f]+(?![\\w:/*"'-]))|localhost:(?=\\d{1,5}(?![\\w:*-]))|[\\w./-]{1,200}\\.(?:${sources}):\\d{1,6}(?::(?=\\d))?(?![\\p{L}_*-]))`,
  'giu',
)

/**
 * Whether a search would be widened by it: `word:value`, however bracketed or negated, `OR` and `|`. Not `std::string`,
 * `error: text`, `12:30`, digests, ports and lines of files, nor a web address.
 */
export function isQualified(written: string): boolean {
  const text = written.replace(wideColon, ':').replace(plainColon, (found) => found.replaceAll(':', ' '))
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
