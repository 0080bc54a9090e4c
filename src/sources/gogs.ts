import { defineGitea } from './gitea.js'

/*
 * Gogs. https://gogs.io/docs/features/webhook and internal/database/webhook.go, read 2026-11-21. As Gitea, which began
 * as a copy of it: signed is the JSON, in form mode the field `payload`; without a secret the header is there and
 * empty; X-Gogs-Delivery is not signed. Any 2xx within 15 s (DELIVER_TIMEOUT); no retries.
 */
export const gogs = defineGitea({
  kind: 'gogs',
  title: 'Gogs',
  link: 'https://gogs.io/docs/features/webhook',
  prefix: 'x-gogs',
  agent: 'GogsServer',
})
