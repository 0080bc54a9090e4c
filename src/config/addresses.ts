import type { ServerSettings } from './config.js'

/** Where this machine reaches the public listener, `127.0.0.1:8787`. */
export function localAddress({ hooks: { host, port } }: Pick<ServerSettings, 'hooks'>): string {
  if (host === '0.0.0.0') return `127.0.0.1:${port}`
  return host.includes(':') ? `[${host === '::' ? '::1' : host}]:${port}` : `${host}:${port}`
}
