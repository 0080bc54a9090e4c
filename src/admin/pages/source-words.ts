import { plain } from '../../util/plain.js'
import type { Tone } from '../ui/parts.js'
import { formatRough } from '../ui/parts.js'
import { count } from './amounts.js'
import { type Condition, type SourceHealth, usualDays } from './source-health.js'

/** How a source does, in a word. */
export function sayCondition({ is }: Condition): { readonly tone: Tone; readonly word: string } {
  const words = {
    fine: { tone: 'good', word: 'arriving' },
    new: { tone: 'none', word: 'nothing yet' },
    silent: { tone: 'wait', word: 'silent' },
    refused: { tone: 'bad', word: 'refused' },
    failing: { tone: 'bad', word: 'failing' },
    overdue: { tone: 'bad', word: 'overdue' },
    gap: { tone: 'wait', word: 'gap' },
  } as const
  return words[is]
}

/** The same in a sentence, with what may be done; undefined where nothing is the matter. */
export function explainCondition({ settings, condition }: SourceHealth, now: number): string | undefined {
  const name = plain(settings.name)
  switch (condition.is) {
    case 'fine':
    case 'new':
      return undefined
    case 'silent': {
      const usual =
        condition.usualMs === undefined
          ? ''
          : `; in the last ${usualDays} days it was never quiet for more than ${formatRough(condition.usualMs)}`
      return `Nothing has come for ${formatRough(condition.forMs)}${usual}. See at the sender whether deliveries fail, and whether the URL is right.`
    }
    case 'refused':
      return `Since it last brought anything, deliveries were refused (${plain(condition.reason)}), the last one ${formatRough(now - condition.lastAt)} ago. The secret here and the one at the sender may differ: \`rouse verify ${name}\` says which bytes do not fit.`
    case 'failing':
      return `It failed ${count(condition.failures, 'time')} in a row: ${plain(condition.error)}`
    case 'overdue':
      return `It was due ${formatRough(now - condition.since)} ago. Is the daemon running, and its clock right?`
    case 'gap':
      return `Something may have been missed. ${plain(condition.error.replace(/^poll\.gap: /, ''))}`
  }
}

/** Whether a person should look. */
export function isTrouble({ condition: { is } }: Pick<SourceHealth, 'condition'>): boolean {
  return is !== 'fine' && is !== 'new'
}
