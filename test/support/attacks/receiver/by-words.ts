import { createHmac } from 'node:crypto'
import type { ReceiverCase } from '../format.js'
import { unless } from '../scenarios/steps.js'
import { bodyHandlers } from './bodies.js'
import { framingHandlers } from './framing.js'
import { pageHandlers } from './pages.js'
import { requestHandlers } from './requests.js'
import { signatureHandlers } from './signatures.js'
import { type Handler, head, type Post, refusedWith, type Site } from './site.js'
import { visitHandlers } from './visits.js'

const issue = (more = '') =>
  `{"action":"opened","issue":{"number":5${more}},"repository":{"full_name":"acme/api"}}`

/** What a right delivery of each source is; then what is done to it. */
function eachSource(change: (post: { headers: Record<string, string>; body: string }, name: string) => Post) {
  return (site: Site): Promise<string[]> => {
    const names = ['pub', 'pay', 'own'] as const
    const posts = names.map((name) => {
      const { headers, body } = site.signed(name)
      return [name, [name, change({ headers: { ...headers }, body }, name)] as const] as const
    })
    return refusedWith(site, [400, 401], Object.fromEntries(posts))
  }
}

const isProof = (name: string) => /signature/i.test(name)

function withoutProof(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isProof(name)))
}

/** Signed as our senders sign, with a secret that is not ours. */
function resigned(headers: Record<string, string>, body: string): Record<string, string> {
  const hmac = (text: string) =>
    createHmac('sha256', 'another secret of 32 characters!').update(text).digest('hex')
  const entries = Object.entries(headers).map(([name, value]) => {
    const time = /^t=(\d+)/.exec(value)?.[1]
    if (!isProof(name)) return [name, value]
    return [name, time === undefined ? `sha256=${hmac(body)}` : `t=${time},v1=${hmac(`${time}.${body}`)}`]
  })
  return Object.fromEntries(entries) as Record<string, string>
}

/** Whatever is wrong with a proof, the answer is the same, and says nothing of the right one. */
async function sameRefusal(site: Site): Promise<string[]> {
  const body = issue(',"n":1')
  const right = site.github(body)
  const own = right['x-hub-signature-256'] ?? ''
  const near = own.slice(0, -1) + (own.endsWith('0') ? '1' : '0')
  const wrong = [near, `sha256=${'0'.repeat(64)}`, 'sha256=', 'sha1=abc', '']
  const answers: string[] = []
  for (const signature of wrong) {
    const headers = { ...right, 'x-hub-signature-256': signature }
    const answer = await site.post('pub', { headers, body })
    answers.push(`${answer.status} ${answer.body}`)
  }
  return unless(
    [new Set(answers).size === 1, `the refusals differ: ${[...new Set(answers)].join(' ; ').slice(0, 200)}`],
    [!answers.some((text) => text.includes(own.slice(7, 23))), 'a refusal tells the right signature'],
  )
}

async function oddPrefix(site: Site): Promise<string[]> {
  const faults: string[] = []
  const body = issue(',"prefix":1')
  const right = site.github(body)
  const hash = (right['x-hub-signature-256'] ?? '').slice(7)
  for (const value of [
    `SHA256=${hash}`,
    `Sha256=${hash.toUpperCase()}`,
    ` sha256=${hash} `,
    `sha256= ${hash}`,
  ]) {
    const status = await site.status('pub', { headers: { ...right, 'x-hub-signature-256': value }, body })
    if (status >= 300 && status !== 400 && status !== 401)
      faults.push(`"${value.slice(0, 10)}…" was answered ${status}`)
  }
  return faults
}

const signed = (site: Site, body: string | Buffer): readonly ['pub', Post] => [
  'pub',
  { headers: site.github(body), body },
]

function malformed(bodies: readonly string[]): Handler {
  return (site) =>
    refusedWith(
      site,
      [400],
      Object.fromEntries(bodies.map((body) => [JSON.stringify(body).slice(0, 40), signed(site, body)])),
    )
}

const wrongTypes = ['[]', '"x"', 'null', '1', 'true']
const noJson = [
  '',
  '{',
  '{"a":1,}',
  "{'a':1}",
  '{"a":NaN}',
  '{"a":1}//x',
  '{"a":1}{"b":2}',
  '{"a":01}',
  '{"a":"\n"}',
  ' ',
]

/** What a parser could trip over; it may be taken or refused, and the next delivery is taken. */
async function oddNumbers(site: Site): Promise<string[]> {
  const faults: string[] = []
  for (const number of [
    '1e400',
    '-1e400',
    '9007199254740993',
    '-0',
    '1e-400',
    '0.1e1',
    `1${'0'.repeat(400)}`,
  ]) {
    const status = await site.status(...signed(site, issue(`,"n":${number}`)))
    if (status >= 300 && status !== 400) faults.push(`${number.slice(0, 20)} was answered ${status}`)
  }
  const { headers, body } = site.signed('own')
  const after = await site.status('own', { headers, body })
  return [...faults, ...unless([after < 300, `a delivery after that was answered ${after}`])]
}

async function nobody(site: Site): Promise<string[]> {
  const faults: string[] = []
  for (const path of ['/hooks/nobody', '/hooks/', '/hooks', '/hooks/__proto__', '/hooks/constructor', '/']) {
    const { headers, body } = site.signed('pub')
    const { status, body: told } = await site.post('pub', { path, headers, body })
    if (status !== 404) faults.push(`${path} was answered ${status}`)
    if (told.includes('nobody')) faults.push('the refusal repeats the path')
  }
  return faults
}

/** Who is before us says what it likes: only a proof lets a delivery in, and only a token a person. */
async function claimedAddress(site: Site): Promise<string[]> {
  const claims = {
    'x-forwarded-for': '127.0.0.1, 10.0.0.1',
    forwarded: 'for=127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'cf-connecting-ip': '127.0.0.1',
    'x-forwarded-host': site.door.host,
  }
  const { headers, body } = site.signed('pub')
  const right = await site.status('pub', { headers: { ...headers, ...claims }, body })
  const forged = await site.status('pub', { headers: { ...withoutProof(headers), ...claims }, body })
  const { status } = await site.door.ask({ path: '/api/approvals', headers: claims })
  return unless(
    [right < 300, `a right delivery was answered ${right}`],
    [forged === 400 || forged === 401, `one without a proof was answered ${forged}`],
    [status === 401, `the admin listener without a token was answered ${status}`],
    [!site.bench.log.includes('10.0.0.1'), 'the claimed address is in the log'],
  )
}

/** A proof counts where the sender puts it, and nowhere else. */
function proofElsewhere(site: Site): Promise<string[]> {
  const body = issue()
  const right = site.github(body)
  const proof = right['x-hub-signature-256'] ?? ''
  const headers = withoutProof(right)
  const inside = issue(`,"signature":"${proof}"`)
  const query = encodeURIComponent(proof)
  return refusedWith(site, [400, 401, 404], {
    'in the query': [
      'pub',
      { path: `/hooks/pub?signature=${query}&x-hub-signature-256=${query}`, headers, body },
    ],
    'in a cookie': ['pub', { headers: { ...headers, cookie: `x-hub-signature-256=${proof}` }, body }],
    'as Authorization': ['pub', { headers: { ...headers, authorization: proof }, body }],
    'in the body': ['pub', { headers, body: inside }],
  })
}

async function longTexts(site: Site): Promise<string[]> {
  const beganAt = performance.now()
  const faults: string[] = []
  for (const text of [
    `${'a'.repeat(50_000)}!`,
    '/'.repeat(50_000),
    `${'<'.repeat(50_000)}`,
    '@a '.repeat(20_000),
  ]) {
    const { headers, body } = site.signed('pub', text)
    const status = await site.status('pub', { headers, body })
    if (status >= 500 || status === 0) faults.push(`a long text was answered ${status}`)
  }
  await site.bench.rest()
  const ms = performance.now() - beganAt
  return [...faults, ...unless([ms < 8000, `it took ${Math.round(ms)} ms`])]
}

const handler = (of: Readonly<Record<string, Handler>>, id: string): Handler => {
  const found = of[id]
  if (!found) throw new Error(`no handler ${id}`)
  return found
}
const sig = (id: string) => handler(signatureHandlers, id)
const body = (id: string) => handler(bodyHandlers, id)
const request = (id: string) => handler(requestHandlers, id)
const page = (id: string) => handler(pageHandlers, id)
const framing = (id: string) => handler(framingHandlers, id)
const visit = (id: string) => handler(visitHandlers, id)

/** Cases that nothing is written for by their id, by what they say that they send. The first that fits is played. */
const known: readonly (readonly [words: RegExp, handler: Handler])[] = [
  [/\bh2c|\bwebsocket|\bupgrade/i, request('R042')],
  [/\b100-continue|\bexpect:/i, body('R041')],
  [/\bsecret\b.*\b(?:newline|line break|from a file)/i, sig('R011')],
  [/\bafter a restart\b|\bkill -9|\bSIGKILL/i, sig('R017 restart')],
  [
    /\b(?:expected|right|correct|valid) (?:MAC|HMAC|signature|digest)\b.*\b(?:returned|told|in the|body|leak)|\bdoes not tell\b|\bbody leaks|\btimings?\b|\bconstant.time|\boracle\b|constant body/i,
    sameRefusal,
  ],
  [
    /\b(?:another|wrong|other|different|foreign) (?:secret|key)\b/i,
    eachSource(({ headers, body: text }) => ({ headers: resigned(headers, text), body: text })),
  ],
  [
    /\bone byte\b|\bflip|\btamper|\bbody (?:is )?(?:changed|modified|edited)|\bchanged after signing|\bre-?serial|\breordered|\bparsed body/i,
    eachSource(({ headers, body: text }) => ({ headers, body: text.replace('{', '{ ') })),
  ],
  [
    /\b(?:another|other|wrong)(?: provider's)? source\b|\b(?:another|one|other) provider|\bcross-source/i,
    (site) => {
      const { headers, body: text } = site.signed('pub')
      const { headers: own, body: order } = site.signed('own')
      return refusedWith(site, [400, 401], {
        'pub to own': ['own', { headers, body: text }],
        'pub to pay': ['pay', { headers, body: text }],
        'own to pub': ['pub', { headers: own, body: order }],
      })
    },
  ],
  [/\btwo (?:signature )?headers\b|\bsignature\b.*\btwice\b|\bduplicate signature/i, sig('R006')],
  [
    /\b(?:prefix|algorithm|scheme)\b.*\b(?:wrong|downgrad|sha1|md5|none)|\bdowngrade|\bsha1\b|\bmd5=|\bsha512=|\balg(?:orithm)?[ :=]*none/i,
    sig('R009'),
  ],
  [/\bmixed case|\bupper.?case|\bwhite.?space around|SHA256=/i, oddPrefix],
  [/\btimestamp|\btolerance|\bold\b.*\bsigned|\bstale\b|\bclock\b/i, sig('R018')],
  [/\b(?:empty|blank) signature|\bsignature (?:is )?empty/i, sig('R003')],
  [
    /\bnon-hex|\bodd length|\bshort (?:hex|signature)|\btruncated (?:hex|signature)|\bbase64\b.*\bsignature/i,
    sig('R004'),
  ],
  [
    /\bno signature|\bwithout (?:an? |the |any )?(?:\S+ )?signature|\bmissing (?:signature|header)|\bunsigned (?:delivery|request|body)|^delivery without/i,
    eachSource(({ headers, body: text }) => ({ headers: withoutProof(headers), body: text })),
  ],
  [/\b(?:\d{3,}|many|hundred\w*|thousand\w*) signatures\b/i, sig('R008')],
  [/\bsecond secret|\bseveral signatures|\bmulti-signature/i, sig('R007')],
  [/\bplaceholder|\bunset secret|\bempty secret|\bshort secret/i, sig('R010')],
  [/\b(?:regexp?|regular expression|ReDoS|backtrack)/i, longTexts],
  [/\bsignature in (?:the )?(?:query|body|URL)|[?&]signature=/i, proofElsewhere],
  [/\bat once\b|\bparallel|\brace\b|\bconcurrent/i, sig('R020')],
  [/\breplay|\bcaptured|\bsame (?:delivery|bytes|body)\b|\bredeliver|\bduplicate deliver/i, sig('R017')],
  [/\btransfer-encoding|\bsmuggl|\bCL\.?TE|\bTE\.?CL|\bchunked\b.*\b(?:length|twice|both)/i, framing('both')],
  [/\bcontent-length\b.*\b(?:twice|two|different|duplicate)|\btwo lengths/i, framing('lengths')],
  [
    /\b(?:content-)?length\b.*\b(?:larger|longer|short|less|missing|mismatch|negative|close)|\btruncated body|\bpremature|\bhalf a body/i,
    framing('short'),
  ],
  [
    /\bobs-fold|\bfolded|\bbare (?:LF|CR)|\bNUL in (?:a )?header|\bspace before (?:the )?colon|\binvalid header|\bheader (?:injection|name)/i,
    framing('headers'),
  ],
  [
    /\bHTTP\/(?:0\.9|1\.0|2|3)|\bno Host|\bwithout (?:a )?Host|\btwo Hosts?\b|\bHost\b.*\btwice/i,
    framing('version'),
  ],
  [/\bCRLF|%0d%0a|\bresponse splitting/i, framing('splitting')],
  [/\blong (?:URL|path|target|query)|\b\d+ ?KB (?:URL|path|query)/i, framing('target')],
  [/\bpipelin/i, request('R036')],
  [/\bslow|\bbyte per|\bbyte \/|\bloris/i, request('R023')],
  [/\bconnections\b/i, framing('connections')],
  [/\bgzip|\bbr\b|\bbrotli|\bdeflate|\bzstd|\bcontent-encoding|\bbomb\b/i, body('R025')],
  [/\bendless|\bGB\b|\boversi[zs]e|\btoo large|\bbody limit|\b413\b/i, body('R022')],
  [/\bmultipart|\bform body|\bfiles object/i, body('R026')],
  [/\bcontent-?type/i, body('R027')],
  [/\bBOM\b|\bUTF-?(?:8|16)|\bsurrogate|\bNUL\b|\bbyte order/i, body('R028')],
  [/\bdepth|\bdeep(?:ly)?\b|\bnest/i, body('R030')],
  [/\bduplicate(?:d)? keys?|\bkeys? twice|\bsame key/i, body('R031')],
  [/__proto__|\bprototype/i, body('R032')],
  [/\b\d+ ?k keys|\bmany keys|\bhash.flood|\bhundred thousand/i, body('R034')],
  [/\b(?:number|integer|digit|float|double)s?\b|1e\d{3}|9007199254740993|2\^53/i, oddNumbers],
  [/\btop.level|\barray\b.*\b(?:null|string)|\bnot an object/i, malformed(wrongTypes)],
  [
    /\bempty body|\bzero.(?:bytes|length)|\binvalid JSON|\bmalformed JSON|\bnot JSON|\btrailing comma|\bsingle quotes|\bJSON5|\bNaN\b/i,
    malformed(noJson),
  ],
  [/\bforwarded|\bX-Real-IP|\bclaimed address|\bspoofed (?:IP|address)/i, claimedAddress],
  [/\bunknown source|\/hooks\/(?:nobody|unknown|nothing|x\b)/i, nobody],
  [
    /\bclickjack|\bframe|\bX-Frame|\bnosniff|\breferrer|\bcache-control|\bsecurity headers|\bCSP\b/i,
    visit('headers'),
  ],
  [
    /\bcookie\b.*\b(?:flags?|HttpOnly|SameSite|attributes?)|\bHttpOnly|\bSameSite|\bsession fixation/i,
    visit('cookie'),
  ],
  [
    /\bCSRF|\bcross-site|\bforeign Origin|\bOrigin: https?:\/\/evil.*(?:POST|cookie)|(?:POST|cookie).*\bOrigin\b|\bSec-Fetch/i,
    visit('foreign'),
  ],
  [/\bGET\b.*\b(?:approve|changes? nothing|state)|\blink preview|\bprefetch/i, visit('get')],
  [/\bopen redirect|\bnext=|\breturn_?to|\bredirect after/i, visit('redirect')],
  [/\b(?:stack trace|version|x-powered-by|server header|banner|fingerprint)/i, visit('banner')],
  [/\brebind|\bHost: |\babsolute-form/i, page('R053')],
  [/\bCORS\b|\bOrigin\b|\bpreflight|\bAccess-Control/i, page('R055')],
  [/\bXSS|<script|\btemplate syntax|\bonerror/i, page('R050')],
  [/\bmarkdown|\bremote images?|!\[/i, page('R051')],
  [/\bSSE\b|\bevent.stream|\bdata:/i, page('R052')],
  [/\btoken|\bguess|\bbrute|\blogin|\bpassword|\bbearer/i, page('R057')],
  [/\bpublic port|\bhook listener|\bhooks port|\/metrics\b/i, request('R058')],
  [/\bstatic|\btraversal|\betc\/passwd|%5c|\bsymlink/i, page('R060')],
  [/\bpath|\btrailing slash|%2f|%00|;x/i, request('R038')],
  [/\bmethods?\b|\b(?:PUT|DELETE|TRACE|PATCH|OPTIONS|HEAD)\b/i, request('R039')],
  [/\bheaders?\b.*\b(?:flood|KB|MB|many|\d{3,})|\blarge (?:header|cookie)|\b431\b/i, request('R040')],
  [/\block-?out|\breal sender/i, request('R044')],
  [/\bstorage|\bdisk\b|\bexhaust/i, request('R045')],
  [/\bflood|\brps\b|\bunverified/i, request('R043')],
  [
    /\bANSI|\bOSC|\bescape sequence|\bterminal|\bbidi|\bcontrol characters?|\blog (?:line|injection)/i,
    request('R048'),
  ],
  [/\bPII|\blogs?\b|\bredact/i, request('R049')],
  [/\breload|\bSIGHUP|\bsecret file|\boverlap|\brotat|\bold secret/i, sig('R064')],
]

/** How a case is played that has no handler of its own; undefined where it says nothing that is known. */
export function handlerOf(wanted: ReceiverCase): Handler | undefined {
  const { name, send, expect } = wanted
  for (const text of [name, send, `${name} ; ${send} ; ${expect}`]) {
    const found = known.find(([words]) => words.test(text))
    if (found) return found[1]
  }
  return literally(wanted)
}

/** `GET /admin`, with `Name: value` behind it: sent as it stands, to the listener that the case is about. */
function literally({ cat = '', send, expect }: ReceiverCase): Handler | undefined {
  const lines = [...send.matchAll(/\b([A-Z]{3,7}) (\/[^\s;,]*)/g)].map(([, method = '', path = '']) => ({
    method,
    path,
  }))
  if (lines.length === 0) return undefined
  const headers = Object.fromEntries(
    [...send.matchAll(/\b([A-Z][\w]*(?:-\w+)*): ([^;,]+)/g)].map(([, name = '', value = '']) => [
      name,
      value.trim(),
    ]),
  )
  const wanted = [...expect.matchAll(/\b[1-5]\d\d\b/g)].map(([status]) => Number(status))
  const isFine = (status: number) =>
    wanted.length > 0 ? wanted.includes(status) : status >= 400 || status === 0
  return async (site) => {
    const faults: string[] = []
    for (const { method, path } of lines) {
      const url = cat === 'dash' ? `http://${site.door.host}` : site.url
      const host = new URL(url).host
      const { statuses } = await site.raw(
        head(method, path, headers, 0).replace('host: 127.0.0.1', `host: ${host}`),
        url,
      )
      if (!isFine(statuses[0] ?? 0))
        faults.push(`${method} ${path} was answered ${statuses[0]}, and "${expect}" is expected`)
    }
    return faults
  }
}
