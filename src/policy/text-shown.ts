/**
 * The text as it reads once character references and backslash escapes are undone, as far as they matter to the rules:
 * an at sign, a slash, a letter may be written so. Not angle brackets, for `&lt;` is how one writes a tag that is none.
 */
export function shownText(text: string): string {
  return text.replace(/\\([:/.@])|&#(x[\da-f]{1,8}|\d{1,8});?|&([a-z]{2,24});/gi, meaningOf)
}

function meaningOf(whole: string, escaped?: string, number?: string, name?: string): string {
  if (escaped !== undefined) return escaped
  if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] ?? whole) : whole
  if (number === undefined) return whole
  const code = /^x/i.test(number) ? Number.parseInt(number.slice(1), 16) : Number.parseInt(number, 10)
  if (code === 0x3c || code === 0x3e || code === 0x26) return whole
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\uFFFD'
  return String.fromCodePoint(code)
}

const named: Readonly<Record<string, string>> = {
  commat: '@',
  colon: ':',
  sol: '/',
  period: '.',
  bsol: '\\',
  num: '#',
  quest: '?',
  lpar: '(',
  rpar: ')',
  lowbar: '_',
  Tab: '\t',
  NewLine: '\n',
  nbsp: '\u00A0',
  shy: '\u00AD',
  zwj: '\u200D',
  zwnj: '\u200C',
  lrm: '\u200E',
  rlm: '\u200F',
  NoBreak: '\u2060',
  ApplyFunction: '\u2061',
  af: '\u2061',
  InvisibleTimes: '\u2062',
  it: '\u2062',
  InvisibleComma: '\u2063',
  ic: '\u2063',
  ZeroWidthSpace: '\u200B',
  NegativeVeryThinSpace: '\u200B',
  NegativeThinSpace: '\u200B',
  NegativeMediumSpace: '\u200B',
  NegativeThickSpace: '\u200B',
}
