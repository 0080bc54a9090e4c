/** Why nothing is proved: no secret gives a signature that came, by how many there are of both. */
export function sayUnmatched(secrets: number, signatures: number, secret = 'secret'): string {
  if (secrets === 1) {
    return signatures === 1
      ? `the ${secret} does not give the signature`
      : `the ${secret} gives none of the ${signatures} signatures`
  }
  const given = signatures === 1 ? 'the signature' : `one of the ${signatures} signatures`
  return `none of ${secrets} ${secret}s gives ${given}`
}
