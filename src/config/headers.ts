/** Headers that a request gets from elsewhere, or that would change where or how it is sent. */
export const reservedHeaders: ReadonlySet<string> = new Set(
  (
    'host content-length transfer-encoding connection keep-alive upgrade te trailer expect cookie ' +
    'authorization proxy-authorization proxy-connection accept-encoding forwarded x-forwarded-for x-forwarded-host'
  ).split(' '),
)

export const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
