import { userInfo } from 'node:os'
import { type Invocation, usageError } from './command.js'

/** Who decides: as given, else the user of the operating system. */
export function personName(given: string | undefined): string {
  if (given !== undefined) {
    const name = given.trim()
    if (name === '' || name.length > 100) throw usageError('--by needs a name of 1 to 100 characters')
    return name
  }
  try {
    return userInfo().username
  } catch {
    // A container's user may have a number and no name.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

/**
 * Whether the person says yes. `isSure` stands for a yes given on the command line; where there is nobody to
 * ask, one is required.
 */
export async function confirm(
  { io }: Invocation,
  question: string,
  isSure: boolean | undefined,
  isJson: boolean | undefined,
): Promise<boolean> {
  if (isSure) return true
  if (isJson || !io.canAsk) throw usageError('there is nobody to ask here; add --yes if you are sure')
  const answer = await io.ask(`\n${question} Type yes to go on: `)
  return answer?.trim().toLowerCase() === 'yes'
}
