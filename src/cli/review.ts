import type { Config } from '../config/config.js'
import { type ConfigDocument, type Path, readDocument } from '../config/document.js'
import { valueAtPath } from '../config/issues.js'
import { Problems } from '../config/problems.js'
import { diskFiles, readSecretFile } from '../config/read.js'
import { namesSecret } from '../config/secrets.js'
import { isLocalName } from '../config/urls.js'
import type { Agent } from '../domain/agent.js'
import type { ConfigProblem } from '../domain/errors.js'
import type { Template, TemplateTree, Tool } from '../domain/tool.js'
import type { ToolReach } from '../policy/reach.js'
import { blastRadius, isPriced } from '../runs/blast-radius.js'
import { sayLabel } from '../runs/reach-words.js'
import type { Environment } from '../util/env.js'

interface Review {
  readonly config: Config
  readonly document: ConfigDocument
  readonly findings: Problems
}

/**
 * What a reviewer of a change to the configuration would want to be stopped by, in the order of the file: it loads and
 * is allowed, and is more than most would mean. The loader's warnings are among it.
 */
export async function reviewConfig(config: Config, environment: Environment): Promise<ConfigProblem[]> {
  const document = await readDocument(config.snapshot.text, {
    environment,
    readFile: (path) => readSecretFile(path, diskFiles, () => undefined),
  })
  const findings = new Problems(config.file, document)
  const review = { config, document, findings }
  for (const agent of config.agents.values()) if (agent.mode !== 'off') reviewAgent(agent, review)
  for (const tool of config.tools.values()) reviewTool(tool, review)
  return findings.sorted([...config.warnings, ...findings.warnings])
}

function reviewAgent(agent: Agent, review: Review): void {
  const { config, findings } = review
  const path = ['agents', agent.name]
  const model = config.models.get(agent.model)
  if (model && !isPriced(model) && !isLocalModel(model.baseUrl)) {
    const text = `nobody knows what "${model.model}" costs at ${model.baseUrl}, so limits.cost of its agents counts nothing; add price: { input: …, output: … }`
    const at = ['models', model.name]
    if (!findings.warnings.some((known) => known.path === at.join('.'))) findings.warn(at, text, 'key')
  }
  for (const reach of blastRadius(agent, config).tools) {
    if (reach.tool.effect === 'read' || reach.gate === 'shadow') continue
    const at = grantPath(agent.name, reach.tool.name, review)
    reviewWrite(reach, (message) => findings.warn(at ?? path, message, 'key'), review)
  }
}

function isLocalModel(baseUrl: string): boolean {
  return !URL.canParse(baseUrl) || !/^https?:/.test(baseUrl) || isLocalName(new URL(baseUrl).hostname)
}

function reviewWrite(reach: ToolReach, warn: (message: string) => void, review: Review): void {
  const { tool, grant, gate, objects, audience, fault } = reach
  const isAuto = gate === 'auto'
  const lasting = [...grant.max, ...grant.sum].some(({ per }) => per !== 'run')
  if (isAuto && objects.length === 0) {
    warn(
      `writes unasked, and "${tool.name}" is bound to no id of the event: what it changes, the model chooses out of all that its credential can reach. Bind it ({id} in its path, or \${{ ids.… }}), or write gate: approve`,
    )
  }
  if (tool.effect === 'destructive' && !lasting) {
    warn(
      `destroys, and nothing bounds how often for a subject or in a day; add max: 1/subject, max: 10/day or a sum`,
    )
  } else if (isAuto && grant.max.length + grant.sum.length === 0) {
    const most =
      reach.calls.perDay === undefined
        ? 'without an end'
        : `up to ${reach.calls.perDay.toLocaleString('en-US')} a day`
    warn(
      `writes unasked, ${most}: only the limits of the agent bound it; add max, such as max: [1/subject, 50/day]`,
    )
  }
  for (const [name, spec] of Object.entries(tool.args)) {
    const isOpen = (spec.type === 'integer' || spec.type === 'number') && spec.max === undefined
    if (tool.effect !== 'destructive' || !isOpen || grant.sum.some(({ arg }) => arg === name)) continue
    warn(
      `destroys, and "${name}" has neither a max in the tool nor a sum here; add max: …, or sum: { ${name}: 1000/day }`,
    )
  }
  if (isAuto && fault && audience === 'public') {
    const { from, label } = fault.reading
    const then = fault.isDeclared ? 'such a call is denied' : 'a person is asked each time'
    warn(
      `sends text that everybody sees, by itself, and the agent also reads ${from}, which is for ${sayLabel(label)}: then ${then}. Write gate: approve, or take one of the two from the agent`,
    )
  }
  if (isAuto && tool.onUnknown === 'hold' && !isWritten(['tools', tool.name, 'on_unknown'], review)) {
    warn(
      `writes unasked, and when no answer comes a person must find out what happened: give "${tool.name}" idempotency (on_unknown: retry) or a probe, or write on_unknown: hold in it to say that this is meant`,
    )
  }
}

function reviewTool(tool: Tool, { findings }: Review): void {
  const path = ['tools', tool.name]
  const leaves = [
    ...tool.query.map(([name, template]) => [['query', name], template] as const),
    ...tool.headers.map(([name, template]) => [['headers', name], template] as const),
    ...bodyLeaves(tool.body),
  ]
  for (const [at, template] of leaves) {
    const name = String(at.at(-1)).replace(/[-\s]/g, '_')
    const isLong =
      template.kind === 'literal' && typeof template.value === 'string' && template.value.length >= 8
    if (!isLong || !namesSecret(name)) continue
    findings.warn(
      [...path, ...at],
      'by its name a secret, and it stands in the file itself; declare it under credentials',
    )
  }
}

function bodyLeaves(body: Tool['body']): (readonly [Path, Template])[] {
  if (body.kind === 'form') return body.entries.map(([name, template]) => [['form', name], template] as const)
  return body.kind === 'json' ? treeLeaves(body.tree, ['json']) : []
}

function treeLeaves(tree: TemplateTree, at: Path): (readonly [Path, Template])[] {
  if (tree.kind === 'object') return tree.entries.flatMap(([name, inner]) => treeLeaves(inner, [...at, name]))
  if (tree.kind === 'list') return tree.items.flatMap((inner, index) => treeLeaves(inner, [...at, index]))
  return [[at, tree]]
}

function isWritten(path: Path, { document }: Review): boolean {
  return valueAtPath(document.value, path) !== undefined
}

/** Where the agent is given the tool. */
function grantPath(agent: string, tool: string, { document }: Review): Path | undefined {
  const path = ['agents', agent, 'tools']
  const items = valueAtPath(document.value, path)
  if (!Array.isArray(items)) return undefined
  const index = items.findIndex(
    (item: unknown) =>
      item === tool || (typeof item === 'object' && item !== null && Object.hasOwn(item, tool)),
  )
  if (index < 0) return undefined
  return items[index] === tool ? [...path, index] : [...path, index, tool]
}
