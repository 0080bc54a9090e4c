import type { TextRules } from '../domain/tool.js'
import { codeMark, withoutCode } from './text-code.js'
import { isHiding } from './text-hidden.js'
import { hostsOf, isLinking, isSlackLinking } from './text-links.js'
import { hasImage, hasMarkup } from './text-markup.js'
import { isQualified } from './text-qualifiers.js'
import { shownText } from './text-shown.js'
import { isCommanding, isMentioning, isPinging, withoutPings } from './text-triggers.js'

export interface TextFault {
  readonly rule: 'hidden' | 'image' | 'markup' | 'link' | 'mention' | 'command' | 'qualifier'
  /** For the model: what to leave out. Repeats nothing that it wrote. */
  readonly message: string
}

const messages: Readonly<Record<TextFault['rule'], string>> = {
  hidden: 'leave out control characters and characters that cannot be seen',
  image: 'leave out images',
  markup: 'leave out HTML comments and tags, or fence them as code between lines of ```',
  link: 'leave out links to hosts that are not listed for this tool, or write addresses as code between backticks',
  mention: 'leave out mentions of people, teams and channels, or write what begins with an at sign as code',
  command: 'leave out lines that begin with a slash command',
  qualifier: 'search for plain words: leave out word:value, OR and |',
}

/**
 * What a text that people will read may not hold, or undefined. `ownHosts`: hosts that links may always go to. Code is
 * let through as it stands, where every reader of Markdown that we know of takes it for code; there, too, nothing may
 * be hidden. Linear in the text's length.
 */
export function sinkTextFault(
  text: string,
  rules: TextRules,
  ownHosts: readonly string[],
): TextFault | undefined {
  if (isHiding(text)) return fault('hidden')
  const hosts = hostsOf([...rules.links, ...ownHosts])
  if (!rules.mentions && isPinging(text)) return fault('mention')
  if (isSlackLinking(text, hosts)) return fault('link')
  const plain = withoutCode(rules.mentions ? withoutPings(text) : text)
  if (hasImage(plain)) return fault('image')
  if (hasMarkup(plain)) return fault('markup')
  const shown = shownText(plain)
  // What a reader who undoes escapes sees, and what one who does not.
  const views = shown === plain ? [plain] : [plain, shown]
  if (shown !== plain && isHiding(shown.replaceAll(codeMark, '.'))) return fault('hidden')
  if (views.some((view) => isLinking(view, hosts))) return fault('link')
  if (!rules.mentions && views.some(isMentioning)) return fault('mention')
  if (!rules.commands && views.some((view) => isCommanding(view, text))) return fault('command')
  return undefined
}

/** What a text that is searched for may not hold, or undefined. Linear in the text's length. */
export function searchTextFault(text: string, rules: TextRules): TextFault | undefined {
  if (isHiding(text)) return fault('hidden')
  if (!rules.qualifiers && isQualified(text)) return fault('qualifier')
  return undefined
}

function fault(rule: TextFault['rule']): TextFault {
  return { rule, message: messages[rule] }
}
