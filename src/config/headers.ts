/** Headers that a request gets from elsewhere, or that would change where or how it is sent. */
export const reservedHeaders: ReadonlySet<string> = new Set(
  (
    'host content-length transfer-encoding connection keep-alive upgrade te trailer expect cookie ' +
    'authorization proxy-authorization proxy-connection accept-encoding forwarded x-forwarded-for x-forwarded-host'
  ).split(' '),
)

export const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/

/** Whether a header of this name carries a secret, as far as its name says. */
export function mayCarrySecret(name: string): boolean {
  return /auth|token|key|secret|password/i.test(name)
}

/** With and without the scheme before it. Very short ones stand in too many other texts. */
export function headerSecrets(value: string, inserted: readonly string[]): string[] {
  return [value, value.replace(/^(Bearer|Basic) /i, ''), ...inserted].filter(({ length }) => length >= 8)
}
