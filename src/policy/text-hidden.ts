/** May be hidden; whether it is depends on what it stands next to. */
const suspicious = /[\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{NChar}\u2028\u2029]/gu
/** Signs of Arabic, Syriac and Kaithi that are format characters by name and yet are seen. */
const seen = /^[\t\n\r\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}]$/u

const england = '\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}'
const scotland = '\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}'
const wales = '\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}'
const flags = new RegExp(`\u{1F3F4}(?:${england}|${scotland}|${wales})\u{E007F}`, 'gu')

/** Scripts that are not written without joiners: Persian, Hindi, Sinhala and their like. */
const joining = new RegExp(
  `^(?=[\\p{L}\\p{M}\\p{Nd}])[${[
    'Arabic Syriac Mandaic Nko Adlam Hanifi_Rohingya Sogdian Mongolian Phags_Pa Devanagari Bengali Gurmukhi Gujarati',
    'Oriya Tamil Telugu Kannada Malayalam Sinhala Myanmar Khmer Tibetan Balinese Javanese Sundanese Meetei_Mayek',
    'Chakma Newa Tirhuta Grantha Kaithi Sharada Khojki Limbu Tai_Tham Cham',
  ]
    .join(' ')
    .split(' ')
    .map((script) => `\\p{scx=${script}}`)
    .join('')}]$`,
  'u',
)
const pictograph = /^[\p{ExtPict}\p{EMod}]$/u
const emoji = /^(?![\d#*])[\p{Emoji}\p{ExtPict}]$/u
const han = /^\p{Script=Han}$/u
const mongolian = /^(?=\p{L})\p{Script=Mongolian}$/u
/** Names need one or two; each can carry a byte. */
const maxIdeographVariants = 16

/**
 * Whether anything stands in the text that people do not see: control and bidi characters, what is ignorable by default,
 * lone surrogates. Not in emoji, and not where a script is written with joiners or variants.
 */
export function isHiding(text: string): boolean {
  const plain = text.replace(flags, '\u{1F3F4}')
  let variants = 0
  for (const { 0: character, index } of plain.matchAll(suspicious)) {
    if (seen.test(character)) continue
    const previous = before(plain, index)
    const next = after(plain, index + character.length)
    if (!isOrdinary(character, previous, next)) return true
    if (han.test(previous)) variants += 1
    if (variants > maxIdeographVariants) return true
  }
  return false
}

function isOrdinary(character: string, previous: string, next: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code === 0x200c || code === 0x200d) return isJoiner(code, previous, next)
  if (code === 0xfe0e || code === 0xfe0f) {
    return emoji.test(previous) || (/^[\d#*]$/.test(previous) && next === '\u20E3')
  }
  if ((code >= 0xfe00 && code <= 0xfe02) || (code >= 0xe0100 && code <= 0xe01ef)) return han.test(previous)
  if (code >= 0x180b && code <= 0x180f) return mongolian.test(previous)
  return false
}

/** Between pictographs; next to a letter of a script that is written with joiners, and something seen. */
function isJoiner(code: number, previous: string, next: string): boolean {
  if (code === 0x200d && pictograph.test(next) && (pictograph.test(previous) || previous === '\uFE0F')) {
    return true
  }
  if (previous === '' || isSuspicious(previous) || isSuspicious(next)) return false
  return joining.test(previous) || (joining.test(next) && !/^\s$/.test(previous))
}

function isSuspicious(character: string): boolean {
  return character !== '' && character.search(suspicious) >= 0 && !seen.test(character)
}

function before(text: string, at: number): string {
  if (at === 0) return ''
  const isPair =
    at > 1 && /[\uDC00-\uDFFF]/.test(text[at - 1] ?? '') && /[\uD800-\uDBFF]/.test(text[at - 2] ?? '')
  return text.slice(isPair ? at - 2 : at - 1, at)
}

function after(text: string, at: number): string {
  const code = text.codePointAt(at)
  return code === undefined ? '' : String.fromCodePoint(code)
}
