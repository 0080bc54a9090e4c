import type { ConfigProblem } from '../domain/errors.js'
import type { JsonObject } from '../util/json.js'

export function problemDocument({ file, line, column, path, message }: ConfigProblem): JsonObject {
  return { file, line, column, path, message }
}
