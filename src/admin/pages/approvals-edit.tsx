import { AppError } from '../../domain/errors.js'
import type { ArgSpec, Tool } from '../../domain/tool.js'
import { argumentsOf } from '../../runs/edit.js'
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from '../../util/json.js'
import { plain, plainBlock } from '../../util/plain.js'
import { Text } from '../ui/parts.js'
import type { ApprovalView } from './approvals-view.js'

/** Arguments as fields of a form, and back. What a person did not touch stays as it was, to the byte. */

const prefix = 'arg.'

/** The arguments of the call; undefined where they are not there, or are no arguments. */
export function currentArguments({ call }: Pick<ApprovalView, 'call'>): JsonObject | undefined {
  if (!call) return undefined
  try {
    return argumentsOf(call)
  } catch (cause) {
    if (cause instanceof AppError) return undefined
    throw cause
  }
}

/** What the form says, over what it was drawn with. */
export function changedArguments(before: JsonObject, form: URLSearchParams, tool: Tool): JsonObject {
  const after: JsonObject = { ...before }
  for (const [name, spec] of Object.entries(tool.args)) {
    const was = Object.hasOwn(before, name) ? before[name] : undefined
    const written = form.getAll(prefix + name)
    if (spec.type === 'list' ? !form.has(`${prefix}${name}.is`) : written.length === 0) continue
    if (spec.type === 'list') {
      const isSame = stringifyJson(written) === stringifyJson(Array.isArray(was) ? was : [])
      if (!isSame) after[name] = written
      continue
    }
    const text = (written[0] ?? '').replaceAll('\r\n', '\n')
    if (text === drawn(was)) continue
    if (text === '' && spec.optional) delete after[name]
    else after[name] = writtenValue(text, spec)
  }
  return after
}

/** As it stands in its field. */
function drawn(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? plainBlock(value) : plain(stringifyJson(value))
}

/** What is no number stays a text, which the tool then refuses with what it expects. */
function writtenValue(text: string, spec: ArgSpec): JsonValue {
  if (spec.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if ((spec.type === 'integer' || spec.type === 'number') && /^-?\d{1,20}(\.\d{1,20})?$/.test(text.trim())) {
    try {
      return parseJson(Buffer.from(text.trim()))
    } catch {
      return text
    }
  }
  return text
}

/** Fields for what the model may choose. `typed`: what a person wrote already, where it was refused. */
export function ArgumentFields({
  id,
  tool,
  values,
  typed,
}: {
  readonly id: string
  readonly tool: Tool
  readonly values: JsonObject
  readonly typed: URLSearchParams | undefined
}) {
  return (
    <>
      {Object.entries(tool.args).map(([name, spec]) => (
        <Field
          id={`${id}-${name}`}
          name={name}
          spec={spec}
          value={Object.hasOwn(values, name) ? values[name] : undefined}
          typed={typed}
        />
      ))}
    </>
  )
}

interface FieldProps {
  readonly id: string
  readonly name: string
  readonly spec: ArgSpec
  readonly value: JsonValue | undefined
  readonly typed: URLSearchParams | undefined
}

function Field(props: FieldProps) {
  const { id, name, spec } = props
  if (spec.type === 'list') return <Choices {...props} of={spec} />
  return (
    <label for={id}>
      <span>
        <code>
          <Text of={name} />
        </code>{' '}
        <span class="faint">{boundsOf(spec)}</span>
      </span>
      <Input {...props} />
    </label>
  )
}

function Choices({
  id,
  name,
  of,
  value,
  typed,
}: Omit<FieldProps, 'spec'> & { readonly of: Extract<ArgSpec, { type: 'list' }> }) {
  const field = prefix + name
  const chosen = typed?.has(`${field}.is`) ? typed.getAll(field) : Array.isArray(value) ? value : []
  return (
    <fieldset class="choices">
      <legend>
        <code>
          <Text of={name} />
        </code>{' '}
        <span class="faint">{boundsOf(of)}</span>
      </legend>
      <input type="hidden" name={`${field}.is`} value="1" />
      {of.values.map((one, at) => (
        <label class="way" for={`${id}-${at}`}>
          <input type="checkbox" id={`${id}-${at}`} name={field} value={one} checked={chosen.includes(one)} />
          <Text of={one} />
        </label>
      ))}
    </fieldset>
  )
}

function Input({ id, name, spec, value, typed }: FieldProps) {
  const field = prefix + name
  const text = plainBlock(typed?.get(field) ?? drawn(value))
  const common = { id, name: field } as const
  switch (spec.type) {
    case 'boolean':
    case 'enum': {
      const values = spec.type === 'boolean' ? ['true', 'false'] : spec.values
      const isOther = text !== '' && !values.includes(text)
      return (
        <select {...common}>
          {(spec.optional || text === '') && <option value="">left out</option>}
          {isOther && (
            <option value={text} selected>
              {text}
            </option>
          )}
          {values.map((one) => (
            <option value={one} selected={one === text}>
              {plain(one)}
            </option>
          ))}
        </select>
      )
    }
    case 'text': {
      const rows = Math.min(12, Math.max(2, text.split('\n').length + 1))
      // A line break right after the tag is not part of what it holds.
      return <textarea {...common} rows={rows}>{`\n${text}`}</textarea>
    }
    case 'integer':
    case 'number':
      return <input {...common} inputmode="decimal" value={text} autocomplete="off" />
    case 'pattern':
      return <input {...common} value={text} autocomplete="off" spellcheck={false} />
    case 'list':
      return null
  }
}

function boundsOf(spec: ArgSpec): string {
  const optional = spec.optional ? ', may be left out' : ''
  switch (spec.type) {
    case 'integer':
    case 'number': {
      const bounds = [
        ...(spec.min === undefined ? [] : [`from ${spec.min.toLocaleString('en')}`]),
        ...(spec.max === undefined ? [] : [`up to ${spec.max.toLocaleString('en')}`]),
      ].join(' ')
      return `${spec.type === 'integer' ? 'whole number' : 'number'} ${bounds}`.trim() + optional
    }
    case 'text':
      return `up to ${spec.maxLength.toLocaleString('en')} characters${optional}`
    case 'pattern':
      return `fits ${plain(spec.pattern.source)}${optional}`
    case 'list':
      return `up to ${spec.maxItems}${optional}`
    case 'boolean':
    case 'enum':
      return optional.replace(', ', '')
  }
}
