import type { JsonObject } from '../../../src/util/json.js'
import type { ModelCall, ModelItem, World, WorldTool } from './format.js'

/** One answer of the model. */
export interface Turn {
  readonly calls: readonly ModelCall[]
  readonly text?: string
  readonly isRefusal?: boolean
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
    if (typeof repeat === 'number') row.push(...Array.from({ length: repeat }, () => callOf(item['call'])))
    else if ('tool' in item && !('refusal' in item)) row.push(callOf(item))
    else {
      endRow()
      turns.push(turnOf(item, world))
    }
  }
  endRow()
  return turns
}

function turnOf(item: ModelItem, { tools }: World): Turn {
  if (Array.isArray(item['parallel'])) return { calls: item['parallel'].map(callOf) }
  if (item['refusal'] !== undefined && item['refusal'] !== false) {
    return { calls: 'tool' in item ? [callOf(item)] : [], isRefusal: true, text: 'I cannot help with that.' }
  }
  if (Array.isArray(item['stream'])) {
    const fields = Object.keys(JSON.parse(String(item['stream'][0])) as object)
    const fits = ({ args = {} }: WorldTool) => fields.every((name) => name in args)
    const tool = Object.keys(tools).find((name) => tools[name] && fits(tools[name])) ?? ''
    return { calls: [{ tool, raw: String(item['stream'][0]) }], isCut: true }
  }
  if (typeof item['text'] === 'string') return { calls: [], text: item['text'] }
  throw new Error(`nothing is known of the model item ${JSON.stringify(item).slice(0, 120)}`)
}

function callOf(item: unknown): ModelCall {
  const { id, tool, args, raw } = item as Record<string, unknown>
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
