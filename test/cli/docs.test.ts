import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram, declareOptions } from '../../src/cli/program.js'
import {
  approvalDocument,
  deliveryDocument,
  eventDocument,
  refusalDocument,
  runDocument,
  toolCallDocument,
} from '../../src/runs/documents.js'
import { approval, call, delivery, event, invocationOf, now, recordedIo, run } from './recorded.js'

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const invocation = invocationOf(recordedIo())
const program = createProgram(invocation)
for (const command of program.commands) await declareOptions(command, invocation)

/** What stands under a command's heading, up to the next one. */
function sectionOf(signature: string): string {
  const start = text.indexOf(`\n### \`rouse ${signature}\`\n`)
  return start < 0 ? '' : (text.slice(start + 5).split(/\n##+ /, 1)[0] ?? '')
}

function signatureOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '')
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...args].join(' ')
}

function documentedFlags(section: string): string[] {
  return [...section.matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, flags = '']) => flags).sort()
}

test('every command is documented, and no other', () => {
  const documented = [...text.matchAll(/^### `rouse ([^`]+)`$/gm)].map(([, signature]) => signature)
  expect(documented).toEqual(program.commands.map(signatureOf))
})

test('the options of all commands are documented', () => {
  const intro = text.split('\n## ', 1)[0] ?? ''
  expect(documentedFlags(intro)).toEqual(['-V, --version', '-c, --config <file>', '-h, --help'].sort())
})

describe.each(program.commands.map((command) => [command.name(), command] as const))(
  '%s',
  (_name, command) => {
    test('has the options that are documented, and no other', () => {
      expect(documentedFlags(sectionOf(signatureOf(command)))).toEqual(
        command.options.map(({ flags }) => flags).sort(),
      )
    })

    test('says what each option does', () => {
      for (const { description } of command.options) expect(description).not.toBe('')
      expect(command.description()).not.toBe('')
    })
  },
)

test.each([
  ['event', eventDocument(event)],
  ['delivery', deliveryDocument(delivery)],
  ['run', runDocument(run)],
  ['tool call', toolCallDocument(call)],
  ['approval', approvalDocument(approval)],
  [
    'refusal',
    refusalDocument({ source: 's', reason: 'r', day: 'd', count: 1, lastAt: now, sample: undefined }),
  ],
])('the fields of %s are the documented ones', (noun, document) => {
  const [, fields = ''] = new RegExp(`^\\| ${noun} \\| \`([^\`]+)\` \\|$`, 'm').exec(text) ?? []
  expect(Object.keys(document)).toEqual(fields.split(' '))
})
