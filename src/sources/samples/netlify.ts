import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys of Netlify's deploys and submissions (API reference); values are our own. */

const deploy: JsonObject = {
  id: '5ebc34bf4fea0b01f02efa3a',
  site_id: 'fa4dd95a-994e-4f89-8a7a-2d9e9fc36a32',
  build_id: '5ebc34bf4fea0b01f02efa38',
  name: 'acme-web',
  url: 'https://www.acme.example',
  deploy_ssl_url: 'https://5ebc34bf4fea0b01f02efa3a--acme-web.netlify.app',
  branch: 'main',
  commit_ref: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
  context: 'production',
  locked: null,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:04:00.000Z',
}

export const netlifySamples: readonly Sample[] = [
  {
    type: 'deploy.error',
    body: { ...deploy, state: 'error', error_message: 'Build script returned non-zero exit code: 2' },
  },
  { type: 'deploy.ready', body: { ...deploy, state: 'ready', error_message: null, deploy_time: 159 } },
  {
    type: 'submission',
    body: {
      id: '5ebc34bf4fea0b01f02efa40',
      number: 12,
      form_id: '5ebc34bf4fea0b01f02efa41',
      form_name: 'contact',
      site_url: 'https://www.acme.example',
      data: { name: 'Ada Example', message: 'Hello' },
      created_at: '2026-01-01T00:00:00.000Z',
    },
  },
]
