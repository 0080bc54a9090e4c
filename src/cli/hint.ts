import type { ConfigProblem } from '../domain/errors.js'

const unset = /^the environment variable \w+ is (not set|empty)/

/** The command that leads on from a configuration that does not load; undefined where the file itself is to be mended. */
export function hintFor(problems: readonly ConfigProblem[], configFile: string): string | undefined {
  if (problems.some(({ path, message }) => path === '' && message === `${configFile} does not exist`))
    return '`rouse init` writes one.'
  if (problems.length > 0 && problems.every(({ message }) => unset.test(message)))
    return 'Without them: `rouse dev` makes them up, `rouse check --strict` shows what the file means.'
  return undefined
}
