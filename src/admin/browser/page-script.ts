/**
 * Before the libraries. htmx gives `parseHTMLUnsafe` an empty second argument, which Chrome 143 takes for no form of the
 * call, and then nothing is ever put into a page. There it is called without.
 */
export const beforeLibraries = `'use strict'
;(() => {
  const parse = Document.parseHTMLUnsafe
  try {
    parse?.call(Document, '', {})
  } catch {
    Document.parseHTMLUnsafe = (text) => parse.call(Document, text)
  }
})()
`

/**
 * What pages do beside htmx: keys, and whether what is seen is fresh. Without it everything still works by links and
 * forms. `data-key` on a button says which key leads to it; `data-item` marks what `j` and `k` go through beside the
 * rows of tables. A key never decides anything: it leads to the button, and a person presses that.
 */
export const pageScript = `'use strict'
;(() => {
  const places = { n: '/', e: '/events', r: '/runs', a: '/approvals', w: '/agents', s: '/sources', p: '/parked' }
  const { body } = document
  const main = document.getElementById('main')
  const help = document.getElementById('keys')
  const live = document.getElementById('live')

  const here = document.querySelector('.side nav [aria-current]')
  const bar = here?.parentElement
  if (bar) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2

  const items = () =>
    [...main.querySelectorAll('tbody tr, [data-item]')].filter((item) => item.querySelector('a, button'))
  const current = (all) => all.findIndex((item) => item.contains(document.activeElement))
  const lead = (element) => {
    element?.focus()
    element?.scrollIntoView({ block: 'nearest' })
    return Boolean(element)
  }
  const step = (by) => {
    const all = items()
    const at = current(all)
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]
    return lead(next?.querySelector('a, button'))
  }
  const button = (key) => {
    const all = items()
    const place = all[current(all)] ?? main
    const wanted = '[data-key="' + CSS.escape(key) + '"]'
    return lead(place.querySelector(wanted) ?? main.querySelector(wanted))
  }
  const keys = {
    '?': () => (help.open ? help.close() : help.showModal(), true),
    '/': () => lead(main.querySelector('.filters input, .filters select')),
    j: () => step(1),
    k: () => step(-1),
  }

  let goingAt = -Infinity
  addEventListener('keydown', (event) => {
    if (!main || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.target.closest?.('input, textarea, select, [contenteditable]')) return
    const { key } = event
    const isGoing = event.timeStamp - goingAt < 1500
    goingAt = -Infinity
    if (isGoing && Object.hasOwn(places, key)) {
      event.preventDefault()
      location.assign(places[key])
    } else if (key === 'g') goingAt = event.timeStamp
    else if (Object.hasOwn(keys, key) ? keys[key]() : key.length === 1 && button(key)) event.preventDefault()
  })

  // The numbers of the navigation listen to one event, so that they are asked for once whatever happens at one time.
  for (const name of ['run', 'call', 'approval', 'again'])
    body.addEventListener(name, () => htmx.trigger(body, 'standing'))

  if (!live) return
  let wasLost = false
  const say = (isOn) => {
    live.hidden = false
    live.className = isOn ? 'live is-on' : 'live is-off'
    live.textContent = isOn ? 'Live' : 'Not live: connecting again'
  }
  const lost = (status) => {
    if (status === 401) location.reload()
    wasLost = true
    say(false)
  }
  body.addEventListener('htmx:sse:after:connection', () => {
    say(true)
    if (wasLost) htmx.trigger(body, 'again')
    wasLost = false
  })
  body.addEventListener('htmx:sse:error', ({ detail }) => lost(detail.status))
  body.addEventListener('htmx:sse:close', () => lost())
  const connect = () =>
    htmx.ajax('GET', body.getAttribute('hx-sse:connect'), { source: body, swap: 'none' })
  // The extension comes back by itself, but only where it was connected once.
  const later = ({ target, detail }) => {
    if (target !== body) return
    lost(detail.ctx?.response?.status)
    setTimeout(connect, 10000)
  }
  body.addEventListener('htmx:response:error', later)
  body.addEventListener('htmx:error', later)
})()
`
