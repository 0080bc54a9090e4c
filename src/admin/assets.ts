/** Files of the pages, as they are sent. They stand here so that no request ever leads to the file system. */
export interface Asset {
  readonly type: string
  readonly text: string
}

/** Takes the token from behind the `#`, clears it from the address bar and the history, and hands it in. */
const loginScript = `'use strict'
const take = () => {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (!token) return
  history.replaceState(null, '', location.pathname)
  const form = document.getElementById('login')
  form.elements.token.value = token
  form.submit()
}
addEventListener('hashchange', take)
take()
`

const style = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.4rem }
pre, code { font-family: ui-monospace, monospace; font-size: 0.9rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f2f4f7; padding: 0.75rem }
dt { color: #57606a }
dd { margin: 0 0 0.5rem; overflow-wrap: anywhere }
article { border-top: 1px solid #d0d7de; padding: 1rem 0 }
input { font: inherit; width: 100%; max-width: 32rem }
button { font: inherit; margin: 0.5rem 0 }
.fault { color: #b42318 }
`

export const assets: ReadonlyMap<string, Asset> = new Map([
  ['/login.js', { type: 'text/javascript; charset=utf-8', text: loginScript }],
  ['/style.css', { type: 'text/css; charset=utf-8', text: style }],
])
