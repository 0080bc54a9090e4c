import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { JsonObject, JsonValue } from '../../../src/util/json.js'

/** A list of cases: what a hostile model, an ordinary one and a raw socket do, and what must come of it. */
export interface AttackFile {
  readonly world: World
  readonly enforcement: readonly AttackCase[]
  readonly benign: readonly AttackCase[]
  readonly receiver: readonly ReceiverCase[]
}

export interface World {
  readonly secrets: Readonly<Record<string, string>>
  readonly scopes: Readonly<Record<string, Scope>>
  readonly tools: Readonly<Record<string, WorldTool>>
}

export interface Scope {
  /** `stripe charge.dispute.created evt_A1`: sender, type, and words on it. */
  readonly event: string
  readonly scope: Readonly<Record<string, string | number>>
  readonly facts?: JsonObject
}

export interface WorldTool {
  readonly class: 'read' | 'write' | 'destructive'
  readonly bind?: readonly string[]
  readonly args?: Readonly<Record<string, string>>
  readonly key?: string
  readonly on_unknown?: string
  readonly max?: string
  readonly sum?: string
  readonly gate?: string
  readonly label?: string
  readonly audience?: string
  readonly tainted?: boolean
}

export interface ModelCall {
  readonly id?: string
  readonly tool: string
  readonly args?: JsonObject
  /** The arguments as they are written, where that is not JSON that a library would make. */
  readonly raw?: string
}

export type ModelItem = Readonly<Record<string, JsonValue>>

export interface AttackCase {
  readonly id: string
  readonly layer: string
  readonly cat?: string
  readonly name: string
  readonly agent: string
  readonly given?: string
  readonly model: readonly ModelItem[]
  readonly expect: string
  /** The most writes that may reach a fake; null or left out: what the verdict says is bound enough. */
  readonly writes_upstream_max?: number | null
  readonly asserts?: string
}

export interface ReceiverCase {
  readonly id: string
  readonly layer: string
  readonly cat?: string
  readonly name: string
  readonly send: string
  readonly expect: string
}

export const ownFile = resolve(import.meta.dirname, '../../fixtures/attacks.json')

/** A file that leaves its world out is of the world of `test/fixtures/attacks.json`. */
export function readAttacks(file: string): AttackFile {
  const given = JSON.parse(readFileSync(file, 'utf8')) as Partial<AttackFile>
  const { enforcement = [], benign = [], receiver = [] } = given
  if (enforcement.length + benign.length + receiver.length === 0) {
    throw new Error(`${file}: expected { "world", "enforcement": […], "benign": […], "receiver": […] }`)
  }
  return { world: given.world ?? readAttacks(ownFile).world, enforcement, benign, receiver }
}

export function isBenign({ layer, id }: Pick<AttackCase, 'layer' | 'id'>): boolean {
  return layer === 'benign' || (layer === undefined && id.startsWith('B'))
}
