import type { Event, Ids } from '../domain/event.js'
import { covers, type DeclaredLabel, type Label } from '../domain/label.js'
import type { ArgSpec, Tool } from '../domain/tool.js'
import { boundIdsOf } from './scope.js'

/** Something that the model of a run was shown before it wrote the call that is judged. */
export interface Reading {
  /** The tool, or the event. */
  readonly from: string
  readonly label: Label
  /** The ids that it was read by; none for the event and for what is bound to nothing. */
  readonly objects: Ids
}

/** What is known of the object that the run's events are about. */
export interface EventSight {
  /** Whether everybody may see it. */
  readonly isPublic: boolean
  /** What the source declares of its events. */
  readonly declared: DeclaredLabel | undefined
}

export interface FlowFault {
  readonly reading: Reading
  readonly audience: Label
  /** Whether the audience stands in the configuration; else it is the default, and a person may decide. */
  readonly isDeclared: boolean
}

/** Of the event itself, as the model sees it. */
export function eventReading(events: readonly Pick<Event, 'isPublic'>[], sight: EventSight): Reading {
  const label = sight.declared ?? (events.every(({ isPublic }) => isPublic) ? 'public' : 'subject')
  return { from: 'the event', label, objects: {} }
}

/** Of the answer of a call of this tool. */
export function toolReading(tool: Tool, scope: Ids, sight: EventSight): Reading {
  return { from: tool.name, label: tool.label ?? defaultLabel(tool, sight), objects: boundIdsOf(tool, scope) }
}

/**
 * The first of the readings that is not for those who would see what this call sends, or undefined. A declared audience
 * holds for every call of the tool; the default one where the model writes free text. What was read by certain ids
 * may always go back to what is bound to the same ids: that is where it came from.
 */
export function flowFault(
  tool: Tool,
  scope: Ids,
  readings: readonly Reading[],
  sight: EventSight,
): FlowFault | undefined {
  const isDeclared = tool.audience !== undefined
  if (!isDeclared && !Object.values(tool.args).some(isFreeText)) return undefined
  const audience = tool.audience ?? defaultLabel(tool, sight)
  const target = boundIdsOf(tool, scope)
  const reading = readings.find(
    ({ label, objects }) => !covers(audience, label) && !isSameObject(objects, target),
  )
  return reading && { reading, audience, isDeclared }
}

/**
 * Bound to ids: who may see the event's object. Bound to none: the team whose credential it takes; everybody where
 * it takes none and is no private address.
 */
function defaultLabel(tool: Tool, { isPublic, declared }: EventSight): Label {
  if (tool.boundIds.length > 0) return isPublic || declared === 'public' ? 'public' : 'subject'
  return tool.credential === undefined && !tool.isPrivate ? 'public' : 'internal'
}

function isSameObject(objects: Ids, target: Ids): boolean {
  const entries = Object.entries(objects)
  return entries.length > 0 && entries.every(([name, value]) => target[name] === value)
}

const anySentence = 'Any words, 1 & all: see (x) for it!'

/** Whether the model can say anything in it: text, and a pattern that lets a sentence pass. */
export function isFreeText(spec: ArgSpec): boolean {
  if (spec.type === 'text') return true
  return spec.type === 'pattern' && spec.maxLength >= anySentence.length && spec.pattern.matches(anySentence)
}
