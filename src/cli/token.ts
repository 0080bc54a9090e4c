import { localUrl } from '../admin/admin.js'
import { addToken, loginLink, readTokens, roles, tokensFile } from '../admin/tokens.js'
import type { ServerSettings } from '../config/config.js'
import type { Daemon } from '../daemon.js'
import { ConfigError } from '../domain/errors.js'
import type { Logger } from '../util/log.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  failure,
  type Invocation,
  oneOf,
  printDocument,
} from './command.js'
import { loadWhole } from './configuration.js'
import { withDevVariables } from './dev-variables.js'
import { ledgerFile } from './ledger.js'

interface Options {
  readonly role: string
  readonly rotate?: boolean
  readonly json?: boolean
}

export const declareToken: Declare = (command, invocation) => {
  command
    .option('--role <role>', 'approve: sees everything and decides; read: only sees', 'approve')
    .option('--rotate', 'revoke all other tokens of this role, and end what they are logged in to')
  addJsonOption(command)
  addExamples(command, ['rouse token', 'rouse token --role read', 'rouse token --rotate'])
  command.action((options: Options) => token(invocation, options))
}

async function token(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const role = oneOf('--role', options.role, roles)
  const address = await adminAddress(invocation)
  if (address === undefined) throw failure('server.admin is off in config.yaml: no token opens anything')
  const file = tokensFile(await ledgerFile(invocation.configFile(), io))
  const made = await addToken(file, { role, rotate: options.rotate === true, now: io.clock.now() })
  const link = loginLink(localUrl(address.host, address.port), made)
  if (options.json) {
    printDocument(invocation, { role, token: made, link })
    return
  }
  io.out(link)
  if (address.port === 0) io.err('server.admin has no fixed port: put the one that it got into the link')
  const revoked = options.rotate ? ` All other tokens of the role ${role} are revoked.` : ''
  io.err(`Opens the ${role} role at once, also while the daemon runs. Shown this once.${revoked}`)
}

/** Where it listens, or would by default while config.yaml does not load: who cannot get in must be able to. */
async function adminAddress(
  invocation: Invocation,
): Promise<Pick<NonNullable<ServerSettings['admin']>, 'host' | 'port'> | undefined> {
  try {
    return (await loadWhole(invocation, await withDevVariables(invocation))).server.admin
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    invocation.io.err('config.yaml does not load (see `rouse check`): the link has the default address')
    return { host: '127.0.0.1', port: 8788 }
  }
}

/**
 * Says where people get in. At the first start, with a person there to see them, tokens of both roles are made and their
 * links printed; where nobody looks none is made, because a token in a log is a token lost.
 */
export async function announceAdmin(daemon: Daemon, { io }: Invocation, log: Logger): Promise<void> {
  const { adminUrl } = daemon
  if (adminUrl === undefined) return
  const file = tokensFile(daemon.config().store.file)
  const known = await readTokens(file).catch(() => undefined)
  // The daemon has said already what is wrong with the file.
  if (known === undefined) return
  if (!io.isTerminal) {
    if (known.length === 0) log.info({}, 'admin: nobody is let in yet: `rouse token` makes a token')
    return
  }
  if (known.length > 0) {
    io.out(`Admin: ${adminUrl}; \`rouse token\` makes another link to get in.`)
    return
  }
  io.out(io.style('bold', 'Admin: links to get in, shown this once; `rouse token` makes others.'))
  for (const role of ['approve', 'read'] as const) {
    const made = await addToken(file, { role, rotate: false, now: io.clock.now() })
    io.out(`  ${role.padEnd(8)} ${loginLink(adminUrl, made)}`)
  }
}
