import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { headerValues } from '../domain/delivery.js'
import { sha256 } from '../util/signature.js'
import { acceptsEncoding } from './answers.js'
import { loginScript } from './browser/login-script.js'
import { beforeLibraries, pageScript } from './browser/page-script.js'
import { Mark } from './ui/mark.js'
import { style } from './ui/style.js'

/** Files of the pages, as they are sent. They stand here so that no request ever leads to the file system. */
export interface Asset {
  /** With a digest of the text in it, unless it has to be found under the same name for ever. */
  readonly path: string
  readonly type: string
  readonly text: string
}

const types = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
} as const

function asset(name: string, type: keyof typeof types, text: string): Asset {
  return {
    path: `/assets/${sha256(text).toString('hex').slice(0, 16)}/${name}.${type}`,
    type: types[type],
    text,
  }
}

const require = createRequire(import.meta.url)

/** What a package ships for browsers; read when this program starts. */
function shipped(file: string): string {
  return readFileSync(require.resolve(file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
}

const libraries = [shipped('htmx.org/dist/htmx.min.js'), shipped('htmx.org/dist/ext/hx-sse.min.js')]

export const appScript = asset('app', 'js', [beforeLibraries, ...libraries, pageScript].join(';\n'))
export const stylesheet = asset('style', 'css', style)
export const icon = asset('icon', 'svg', String(Mark({ colour: '#0e8f80' })))
/** Under one name for ever, and not kept: it stands between a person and the door. */
const login: Asset = { path: '/login.js', type: types.js, text: loginScript }

export const assets: readonly Asset[] = [appScript, stylesheet, icon, login]

const codings = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const
type Coding = keyof typeof codings

const packed = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()

/** Packed once, when it is first asked for. */
function packedAs(coding: Coding, { path, text }: Asset): Promise<Uint8Array<ArrayBuffer>> {
  const key = `${coding} ${path}`
  const known = packed.get(key)
  if (known) return known
  const made = codings[coding](text).then((bytes) => new Uint8Array(bytes))
  packed.set(key, made)
  return made
}

/** What has its digest in its path is good for ever, and another is never found there. */
export async function answerAsset(asset: Asset, incoming: IncomingMessage): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': asset.type, vary: 'Accept-Encoding' }
  if (asset.path.startsWith('/assets/')) {
    headers['cache-control'] = 'private, max-age=31536000, immutable'
    headers['etag'] = `"${sha256(asset.text).toString('hex').slice(0, 32)}"`
    if (headerValues(incoming.rawHeaders, 'if-none-match').includes(headers['etag'])) {
      return new Response(null, { status: 304, headers })
    }
  }
  const coding = (['br', 'gzip'] as const).find((one) => acceptsEncoding(incoming, one))
  if (coding === undefined) return new Response(asset.text, { headers })
  return new Response(await packedAs(coding, asset), { headers: { ...headers, 'content-encoding': coding } })
}
