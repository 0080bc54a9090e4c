import { createServer } from 'node:net'
import { type RawAnswer, sendRaw } from '../raw.js'
import type { Bench } from './bench.js'
import type { Setting } from './setting.js'

export interface AdminRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The admin listener of a bench, asked over a raw socket: no browser puts anything right that a case means to be wrong. */
export class AdminDoor {
  private constructor(
    readonly port: number,
    readonly tokens: { readonly approve: string; readonly read: string },
    /** A browser's session of the role `approve`. */
    readonly cookie: string,
  ) {}

  /** Of a daemon that was started with `server.admin` at this port. */
  static async open(bench: Bench, port: number): Promise<AdminDoor> {
    const approve = await tokenOf(bench, 'approve')
    const read = await tokenOf(bench, 'read')
    const own = `http://127.0.0.1:${port}`
    const login = await fetch(`${own}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: own },
      body: `token=${approve}`,
      redirect: 'manual',
    })
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    if (cookie === '') throw new Error(`the login was answered ${login.status} and no cookie`)
    return new AdminDoor(port, { approve, read }, cookie)
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  ask({ method = 'GET', path, headers = {}, body = '' }: AdminRequest): Promise<RawAnswer> {
    const all = { host: this.host, 'content-length': String(Buffer.byteLength(body)), ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    return sendRaw(
      `http://${this.host}`,
      `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
    )
  }

  bearer(role: 'approve' | 'read'): { authorization: string } {
    return { authorization: `Bearer ${this.tokens[role]}` }
  }
}

async function tokenOf(bench: Bench, role: string): Promise<string> {
  const { output } = await bench.command('token', '--role', role, '--json')
  const found = /"token":\s*"([^"]+)"/.exec(output)?.[1]
  if (found === undefined) throw new Error(`rouse token printed none: ${output.slice(0, 200)}`)
  return found
}

/** A port that is free now. */
export async function adminPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

export function withAdmin(port: number): (setting: Setting) => void {
  return ({ server }) => {
    server['admin'] = `127.0.0.1:${port}`
  }
}
