import { type Delivery, headerValues } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'

/**
 * The one value of a header that a scheme needs. Twice is refused: two headers arrive joined or the last one
 * wins, depending on who reads, and then two readers verify two things.
 */
export function requiredHeader(delivery: Pick<Delivery, 'rawHeaders'>, name: string): string {
  const [value, second] = headerValues(delivery.rawHeaders, name)
  if (value === undefined) {
    throw new VerificationError('verification.missing_header', `the header ${name} is not there`)
  }
  if (second !== undefined) {
    throw new VerificationError('verification.duplicate_header', `the header ${name} came more than once`)
  }
  return value
}

/** The value of a header that is nobody's proof, such as the type of the event; undefined unless it came once. */
export function plainHeader(delivery: Delivery, name: string): string | undefined {
  const values = headerValues(delivery.rawHeaders, name)
  return values.length === 1 ? values[0] : undefined
}

const idPattern = /^[\x21-\x7e]{1,200}$/

/** A delivery id from a header: printable, without spaces, at most 200 characters. Else undefined. */
export function headerId(delivery: Delivery, name: string): string | undefined {
  const value = plainHeader(delivery, name)
  return value !== undefined && idPattern.test(value) ? value : undefined
}
