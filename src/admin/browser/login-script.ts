/** Takes the token from behind the `#`, clears it from the address bar and the history, and hands it in. */
export const loginScript = `'use strict'
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
