import type { JsonObject, JsonValue } from '../../../src/util/json.js'
import type { ModelCall, ModelItem, World, WorldTool } from './format.js'

/** One answer of the model. */
export interface Turn {
  readonly calls: readonly ModelCall[]
  readonly text?: string
  readonly isRefusal?: boolean
  /** Why the vendor says that the answer ends, where that is not what it would be. */
  readonly finish?: string
  /** The connection breaks before the answer is complete. */
  readonly isCut?: boolean
}

/**
 * The answers that a case's `model` stands for. Calls that follow each other are an answer each, so that the model has
 * seen the one when it writes the next; but where one that is not the last would wait for a person, all of them are
 * one answer, because the rest would never be asked for. Throws an Error on an item of a shape that is not known.
 */
export function turnsOf(items: readonly ModelItem[], world: World): Turn[] {
  const { tools } = world
  const turns: Turn[] = []
  let row: ModelCall[] = []
  const endRow = () => {
    const waits = row.slice(0, -1).some(({ tool }) => tools[tool]?.gate === 'approve')
    if (row.length > 0) turns.push(...(waits ? [{ calls: row }] : row.map((call) => ({ calls: [call] }))))
    row = []
  }
  for (const item of items) {
    const repeat = item['@repeat']
    const isCall = 'tool' in item && !('refusal' in item) && !isUnfinished(item)
    if (typeof repeat === 'number' && 'call' in item) row.push(...timesOf(repeat, callOf(item['call'])))
    else if (typeof repeat === 'number' && isCall) row.push(...timesOf(repeat, callOf(item)))
    else if (isCall) row.push(callOf(item))
    else {
      endRow()
      const { '@repeat': _, ...one } = item
      turns.push(...timesOf(typeof repeat === 'number' ? repeat : 1, turnOf(one, world)))
    }
  }
  endRow()
  return turns
}

function timesOf<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value)
}

/** An answer that the model's vendor cut off: at its length, or by a filter. */
function isUnfinished(item: ModelItem): boolean {
  return endOf(item) !== undefined || item['truncated'] === true
}

function endOf({ finish_reason: reason, finish }: ModelItem): string | undefined {
  const end = reason ?? finish
  return typeof end === 'string' && !['stop', 'tool_calls'].includes(end) ? end : undefined
}

function turnOf(item: ModelItem, world: World): Turn {
  if (isUnfinished(item)) {
    const { finish_reason: _, finish: __, truncated: ___, ...rest } = item
    const calls =
      'tool' in rest ? [callOf(rest)] : Object.keys(rest).length > 0 ? turnOf(rest, world).calls : []
    return { calls, finish: endOf(item) ?? 'length' }
  }
  const together = item['parallel'] ?? item['calls'] ?? item['tool_calls']
  if (Array.isArray(together)) return { calls: together.flatMap(callsOf), ...saidIn(item) }
  if (item['refusal'] !== undefined && item['refusal'] !== false) {
    return { calls: 'tool' in item ? [callOf(item)] : [], isRefusal: true, text: 'I cannot help with that.' }
  }
  if (Array.isArray(item['stream'])) return { calls: [streamed(item, item['stream'], world)], isCut: true }
  const said = saidIn(item)
  if (said.text !== undefined) return { calls: [], ...said }
  throw new Error(`nothing is known of the model item ${JSON.stringify(item).slice(0, 120)}`)
}

/** What a model says, in any of the words for that; a call in it is text and no call. */
function saidIn(item: ModelItem): { text?: string } {
  for (const name of ['text', 'content', 'final', 'say', 'reasoning', 'thinking']) {
    const said = item[name]
    if (said !== undefined && said !== null)
      return { text: typeof said === 'string' ? said : JSON.stringify(said) }
  }
  return {}
}

function callsOf(item: JsonValue): ModelCall[] {
  const { '@repeat': count = 1, call = item } = item as ModelItem
  return timesOf(Number(count), callOf(call))
}

/** As far as it came, of the tool that takes these fields. */
function streamed(item: ModelItem, chunks: readonly JsonValue[], { tools }: World): ModelCall {
  const raw = chunks.filter((chunk) => !/^<.*>$/.test(String(chunk))).join('')
  const fields = [...raw.matchAll(/"(\w+)"\s*:/g)].map(([, name = '']) => name)
  const fits = ({ args = {} }: WorldTool) => fields.every((name) => name in args)
  const tool = Object.keys(tools).find((name) => tools[name] && fits(tools[name])) ?? ''
  return { tool: typeof item['tool'] === 'string' ? item['tool'] : tool, raw }
}

function callOf(item: unknown): ModelCall {
  const { id, raw, ...rest } = item as Record<string, unknown>
  const { tool = rest['name'], args = rest['arguments'] } = rest
  if (typeof tool !== 'string') throw new Error(`a call without a tool: ${JSON.stringify(item)}`)
  return {
    tool,
    ...(typeof id === 'string' && { id }),
    ...(typeof raw === 'string' ? { raw } : { args: expand((args ?? {}) as JsonObject) }),
  }
}

/** `xxxx... (4000)` is short for so many. */
function expand(args: JsonObject): JsonObject {
  const entries = Object.entries(args).map(([name, value]) => {
    const found = typeof value === 'string' ? /^(.)\1{7,}\.\.\. \((\d+)\)$/u.exec(value) : null
    return [name, found ? (found[1] ?? '').repeat(Number(found[2])) : value] as const
  })
  return Object.fromEntries(entries)
}
