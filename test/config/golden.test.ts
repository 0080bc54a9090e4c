import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { formatProblems } from '../../src/config/problems.js'
import { ConfigError } from '../../src/domain/errors.js'
import { environment, kinds } from './support.js'

const directory = join(import.meta.dirname, '../fixtures/config')

/** What a person sees: every problem, or the warnings of a file that loads. */
async function told(name: string): Promise<string> {
  const file = join(directory, name)
  const show = (text: string) => `${text.replaceAll(`${directory}/`, '')}\n`
  try {
    const { warnings } = await loadConfig({ file, environment, kinds })
    return show(['loads', formatProblems(warnings)].filter(Boolean).join('\n'))
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    return show(`${cause.message}\n${formatProblems(cause.problems)}`)
  }
}

describe('each file of test/fixtures/config is told exactly what its .txt says', () => {
  const names = readdirSync(directory).filter((name) => name.endsWith('.yaml'))
  it.each(names)('%s', async (name) => {
    const text = await told(name)
    for (const [variable, value] of Object.entries(environment)) {
      if (/TOKEN|SECRET|KEY|BAD_VALUE|PLACEHOLDER/.test(variable)) expect(text).not.toContain(value)
    }
    await expect(text).toMatchFileSnapshot(join(directory, name.replace(/yaml$/, 'txt')))
  })
})
