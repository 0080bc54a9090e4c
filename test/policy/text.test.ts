import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TextRules } from '../../src/domain/tool.js'
import { searchTextFault, sinkTextFault } from '../../src/policy/text.js'
import { benign, plainSearches } from './text-benign.js'
import { hostile } from './text-hostile.js'
import { wideSearches } from './text-searches.js'

const rules: TextRules = {
  links: ['docs.acme.com', '*.wild.com'],
  mentions: false,
  commands: false,
  qualifiers: false,
}
const everything: TextRules = { links: ['evil.test'], mentions: true, commands: true, qualifiers: true }
const own = ['github.com']
const faultOf = (text: string, allowed = rules) => sinkTextFault(text, allowed, own)

describe('sinkTextFault', () => {
  for (const [rule, texts] of Object.entries(hostile)) {
    it.each(texts.map((text) => [JSON.stringify(text), text]))(`refuses as ${rule}: %s`, (_shown, text) => {
      expect(faultOf(text)?.rule).toBe(rule)
    })
  }

  it.each(benign.map((text) => [JSON.stringify(text), text]))('lets through %s', (_shown, text) => {
    expect(faultOf(text)).toBeUndefined()
  })

  it.each(benign.map((text) => [JSON.stringify(text), text]))('lets through in code %s', (_shown, text) => {
    if (text.includes('```') || text.includes('<https://')) return
    expect(faultOf(`See:\n\n\`\`\`\n${text}\n\`\`\`\n\nDone.`)).toBeUndefined()
  })

  it('refuses what is hostile behind and before what is benign', () => {
    const texts = Object.values(hostile).flat()
    expect(texts.filter((text) => !faultOf(`Hello.\n\n${text}\n\nBye.`))).toEqual([])
  })

  it('refuses what is hostile between blocks and spans of code', () => {
    // A fence that is left open takes the next one for its end.
    const isOpen = (text: string) => text.startsWith('```\nhttps://evil.test')
    const texts = Object.values(hostile)
      .flat()
      .filter((text) => !isOpen(text))
    const passed = texts.filter(
      (text) => !faultOf(`\`a\`\n\n\`\`\`\nb\n\`\`\`\n\n${text}\n\n\`c\`\n\n\`\`\`\nd\n\`\`\`\n`),
    )
    expect(passed).toEqual([])
  })

  it.each([
    'https://evil.test/a',
    '[a](https://evil.test/a)',
    'cc @alice',
    '<!here> build is red',
    '<@U123> look',
    '<!subteam^S123|@team> look',
    '/close',
    '```\n/lgtm\n```',
  ])('lets through what the configuration allows: %s', (text) => {
    expect(faultOf(text, everything)).toBeUndefined()
  })

  it('refuses what is hidden, images and markup whatever the configuration allows', () => {
    const texts = [...hostile.hidden, ...hostile.image, ...hostile.markup]
    expect(texts.filter((text) => !faultOf(text, everything))).toEqual([])
  })

  it('takes a listed host in Unicode for the same in Punycode, and no other', () => {
    const listed = { ...rules, links: ['bücher.example'] }
    expect(faultOf('https://xn--bcher-kva.example/a', listed)).toBeUndefined()
    expect(faultOf('https://BÜCHER.example/a', listed)).toBeUndefined()
    expect(faultOf('https://bucher.example/a', listed)?.rule).toBe('link')
  })

  it('takes a listed address for itself only as it is written', () => {
    const listed = { ...rules, links: ['203.0.113.7'] }
    expect(faultOf('http://203.0.113.7/a', listed)).toBeUndefined()
    for (const host of ['3405803783', '0xcb.0.0x7107', '203.0.28935', '0313.0.0161.07']) {
      expect(faultOf(`http://${host}/a`, listed)?.rule).toBe('link')
    }
  })

  it('says what to leave out and repeats nothing of it', () => {
    const messages = new Set(
      Object.values(hostile).flatMap((texts) => texts.map((text) => faultOf(text)?.message)),
    )
    expect(messages.size).toBe(Object.keys(hostile).length)
    expect([...messages].join()).not.toMatch(/evil|alice|https/)
  })

  it('finds a link to elsewhere that is set as text, wherever it stands and whatever stands around it', () => {
    const piece = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\n\n',
      '`a`',
      '*',
      '- ',
      '> ',
      '(b)',
      '[c]',
      '```\nd\n```\n',
      'é',
      '😀',
    )
    const around = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(faultOf(`${before}\n\nhttps://evil.test/x\n\n${after}`)).toBeDefined()
      }),
    )
  })

  it('never throws and says the same again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(faultOf(text)).toEqual(faultOf(text))
        expect(searchTextFault(text, rules)).toEqual(searchTextFault(text, rules))
      }),
    )
  })
})

describe('searchTextFault', () => {
  it.each(wideSearches.map((text) => [JSON.stringify(text), text]))('refuses %s', (_shown, text) => {
    expect(searchTextFault(text, rules)).toBeDefined()
  })

  it.each(plainSearches.map((text) => [JSON.stringify(text), text]))('lets through %s', (_shown, text) => {
    expect(searchTextFault(text, rules)).toBeUndefined()
  })

  it('lets qualifiers through where they are allowed, and nothing hidden', () => {
    expect(searchTextFault('repo:acme/web a OR b', everything)).toBeUndefined()
    expect(searchTextFault('repo:acme\u200B', everything)?.rule).toBe('hidden')
  })
})
