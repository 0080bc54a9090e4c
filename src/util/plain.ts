import { escapeControls } from './log.js'

/**
 * Text from outside, on one line: control, bidi and other invisible characters are written as `\uXXXX`, so that
 * a title can neither move the cursor nor forge a line. Everything that was not written by us passes here.
 */
export function plain(text: string): string {
  return escapeControls(text.replace(/\p{Cs}/gu, '\ufffd'))
}

/** As `plain`, but line breaks stay: for bodies and answers that are shown as a block. */
export function plainBlock(text: string): string {
  return text.replaceAll('\r\n', '\n').split('\n').map(plain).join('\n')
}
