// Loaded before the real program (`node --import`). A file says what the machine's clock shows and what names resolve to.
import dns from 'node:dns'
import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const file = process.env.ATTACK_TEST_CONTROL
let known = ''
let control = {}
/** How often a name was asked for since the file was written. */
const asked = new Map()

/** `{ shiftMs, names: { "api.example.test": [[addresses of the first answer], [of the second], …] } }` */
function read() {
  try {
    const { mtimeMs, ino } = statSync(file)
    const stamp = `${mtimeMs} ${ino}`
    if (stamp !== known) {
      control = JSON.parse(readFileSync(file, 'utf8'))
      asked.clear()
    }
    known = stamp
  } catch {
    control = {}
  }
  return control
}

const now = Date.now
let lookedAt = 0
let shiftMs = 0
Date.now = () => {
  const real = now()
  // Not at each of many calls.
  if (real - lookedAt > 20) {
    lookedAt = real
    shiftMs = read().shiftMs ?? 0
  }
  return real + shiftMs
}

const lookup = dns.lookup
dns.lookup = (name, options, done) => {
  const callback = typeof options === 'function' ? options : done
  const answers = read().names?.[name]
  if (control.names) appendFileSync(`${file}.asked`, `${name}\n`)
  if (!answers) return lookup(name, options, done)
  const count = asked.get(name) ?? 0
  asked.set(name, count + 1)
  const addresses = answers[Math.min(count, answers.length - 1)].map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }))
  const [first] = addresses
  setImmediate(() =>
    typeof options === 'object' && options.all
      ? callback(null, addresses)
      : callback(null, first.address, first.family),
  )
}
syncBuiltinESMExports()
