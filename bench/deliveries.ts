import { createHmac, randomUUID } from 'node:crypto'

/** Signed GitHub deliveries of about 10 KB, each another event, as the bytes of an HTTP request. */
export function makeDelivery(options: {
  path: string
  secret: string
  number: number
  type?: string
}): Buffer {
  const { path, secret, number, type = 'issues' } = options
  const body = Buffer.from(JSON.stringify(issueBody(number)))
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: GitHub-Hookshot/bench',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-GitHub-Event: ${type}`,
    `X-GitHub-Delivery: ${randomUUID()}`,
    `X-Hub-Signature-256: sha256=${signature}`,
    '',
    '',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head), body])
}

function issueBody(number: number) {
  const user = (login: string) => ({
    login,
    id: 1,
    node_id: 'MDQ6VXNlcjE=',
    avatar_url: `https://avatars.githubusercontent.com/u/${login}`,
    html_url: `https://github.com/${login}`,
    followers_url: `https://api.github.com/users/${login}/followers`,
    type: 'User',
    site_admin: false,
  })
  const urls: Record<string, string> = {}
  for (let at = 0; at < 60; at++)
    urls[`resource_${at}_url`] = `https://api.github.com/repos/acme/web/resource${at}{/id}`
  return {
    action: 'opened',
    issue: {
      id: 1_000_000 + number,
      number,
      title: `The build is red again (${number})`,
      user: user('octocat'),
      labels: Array.from({ length: 4 }, (_, id) => ({
        id,
        name: `label ${id}`,
        color: 'ededed',
        default: false,
      })),
      state: 'open',
      comments: 0,
      created_at: '2026-11-21T07:00:00Z',
      body: 'It fails since this morning.\nThe log says "connection reset by peer".\n'.repeat(55),
    },
    repository: { id: 42, full_name: 'acme/web', private: true, owner: user('acme'), ...urls },
    organization: { login: 'acme', id: 7 },
    sender: user('octocat'),
  }
}
