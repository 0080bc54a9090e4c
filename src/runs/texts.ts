import { PolicyError } from '../domain/errors.js'
import type { ArgSpec, TextRules, Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import { isFreeText } from '../policy/label.js'
import { searchTextFault, sinkTextFault } from '../policy/text.js'
import type { JsonObject } from '../util/json.js'
import type { RunContext } from './context.js'

/** For a pattern that lets sentences pass; it has no rules of its own. */
const strictest: TextRules = { links: [], mentions: false, commands: false, qualifiers: false }

/**
 * Throws PolicyError `policy.text` where a text that the model wrote holds what the tool's text may not, or where any
 * argument holds one of our own secrets or a part of one.
 */
export function checkTexts({ secrets }: RunContext, tool: Tool, args: JsonObject): void {
  if (secrets.isIn(args)) {
    throw refused(tool, 'the arguments hold something that looks like one of our own secrets')
  }
  for (const [name, spec] of Object.entries(tool.args)) {
    const value = args[name]
    if (typeof value !== 'string' || !isFreeText(spec)) continue
    const rules = rulesOf(spec)
    const fault =
      tool.effect === 'read' ? searchTextFault(value, rules) : sinkTextFault(value, rules, ownHosts(tool))
    if (fault) throw refused(tool, `"${name}": ${fault.message}`)
  }
}

/** Also by way of an id that an API's answer gave. The credential is not in the request yet. */
export function checkRequest(
  { secrets }: RunContext,
  tool: Tool,
  { url, headers, body }: FrozenRequest,
): void {
  if (secrets.isIn([url, Object.values(headers), body ?? ''])) {
    throw refused(tool, 'the request would hold something that looks like one of our own secrets')
  }
}

function rulesOf(spec: ArgSpec): TextRules {
  return spec.type === 'text' ? spec.rules : strictest
}

/** The API's own host, and the site that it is the API of. */
function ownHosts({ origin }: Tool): string[] {
  const { hostname } = new URL(origin)
  return hostname.startsWith('api.') ? [hostname, hostname.slice('api.'.length)] : [hostname]
}

function refused(tool: Tool, reason: string): PolicyError {
  return new PolicyError('policy.text', `${tool.name}: ${reason}`, { details: { tool: tool.name } })
}
