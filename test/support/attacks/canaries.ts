/** The most characters of a part that may be anywhere by chance. */
const partLength = 8
const hexLength = 16
const base64Length = 10

/** Finds secrets and their parts in what left the daemon: as they are, in hex, base64, base64url and percent signs. */
export class Canaries {
  readonly #forms = new Set<string>()

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) this.#add(secret)
  }

  /** The first form that stands in the text; undefined where none does. */
  findIn(text: string): string | undefined {
    for (const form of this.#forms) if (text.includes(form)) return form
    return undefined
  }

  #add(secret: string): void {
    const bytes = Buffer.from(secret)
    for (const part of partsOf(secret, partLength)) if (!isProse(part)) this.#forms.add(part)
    const hex = bytes.toString('hex')
    for (const part of partsOf(hex, hexLength)) this.#forms.add(part).add(part.toUpperCase())
    const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    for (const part of partsOf(percent, 3 * partLength)) this.#forms.add(part).add(part.toUpperCase())
    for (const shift of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
      const own = text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6))
      for (const part of partsOf(own, base64Length)) {
        this.#forms.add(part).add(part.replaceAll('+', '-').replaceAll('/', '_'))
      }
    }
  }
}

function partsOf(text: string, length: number): string[] {
  if (text.length <= length) return [text]
  return Array.from({ length: text.length - length + 1 }, (_, at) => text.slice(at, at + length))
}

/** A prefix such as `sk_test_`, or plain words. */
function isProse(text: string): boolean {
  return /^[A-Z]?[a-z]*[a-z ._-]*$/.test(text)
}
