import { idRules } from './engine/ids.js'
import { defineStandardSender } from './engine/standard-sender.js'
import type { Sample } from './source.js'

/*
 * OpenAI. https://platform.openai.com/docs/guides/webhooks, read 2026-11-21. Standard Webhooks: signed are id, time and
 * body. Dedupe: `webhook-id`, signed, the same on each retry. Any 2xx within a few seconds (a redirect is a failure);
 * sent again for up to 72 hours. The body has ids only: a tool has to fetch what they name.
 */
function sample(type: string, id: string): Sample {
  return {
    type,
    idPath: 'id',
    body: {
      id: 'evt_685343a1381c819085d44c354e1b330e',
      object: 'event',
      type,
      created_at: 1767225600,
      data: { id },
    },
  }
}

export const openai = defineStandardSender({
  kind: 'openai',
  title: 'OpenAI',
  link: 'https://platform.openai.com/docs/guides/webhooks',
  agent: 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)',
  ids: idRules({
    event: ['evt_[A-Za-z0-9]+', 'id'],
    response: ['resp_[A-Za-z0-9]+', 'data.id'],
    batch: ['batch_[A-Za-z0-9]+', 'data.id'],
    fine_tuning_job: ['ftjob-[A-Za-z0-9]+', 'data.id'],
    eval_run: ['evalrun_[A-Za-z0-9]+', 'data.id'],
    call: ['rtc_[A-Za-z0-9_]+', 'data.call_id'],
  }),
  subject: ({ text }) => text('data.id') ?? text('data.call_id'),
  time: ({ text }) => text('created_at'),
  samples: [
    sample('response.completed', 'resp_685343a1381c819085d44c354e1b330f'),
    sample('batch.failed', 'batch_685343a1381c819085d44c354e1b3310'),
    sample('fine_tuning.job.succeeded', 'ftjob-Xw7bTzNd2rLc5hYs'),
  ],
})
