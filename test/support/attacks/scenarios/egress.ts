import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RecordingApi } from '../../recording-api.js'
import type { Bench } from '../bench.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import type { Setting } from '../setting.js'
import { verdictOf } from '../verdict.js'
import type { Scenarios } from './scenario.js'
import { type Control, control, objectOf, openTrap, unless } from './steps.js'

const name = 'api.github.test'
/** Global by its form, and handed out to nobody. */
const nowhere = '3ffe:ffff::1'

/** Where requests go. */
export const egressScenarios: Scenarios = {
  A065: signedDownload,
  A066: (stage) => {
    const addresses = ['127.0.0.1', '10.0.0.5', '169.254.169.254', '::1', 'fd00::1', '::ffff:7f00:1']
    const all = [...addresses, '64:ff9b::a9fe:a9fe', '0.0.0.0']
    return resolving(
      stage,
      all.map((address) => [[address]]),
    )
  },
  A067: (stage) => resolving(stage, [[[nowhere], ['127.0.0.1']]]),
  A068: (stage) => resolving(stage, [[[nowhere, '10.0.0.5']], [['127.0.0.1', nowhere]]]),
  A070: (stage) => queryOf(stage),
  A071: (stage) => queryOf(stage),
  A075: foreignPage,
}

/** One hop to a host that the tool lists, and without the credential. */
async function signedDownload(stage: Stage): Promise<Trial> {
  const blobs = await RecordingApi.start()
  blobs.respond = () => ({ status: 200, body: { log: 'lines of a log' } })
  try {
    const change = (setting: Setting) => {
      const tool = setting.tools['get_run_log']
      if (tool) tool['redirect_hosts'] = [new URL(blobs.origin).host]
    }
    const location = `${blobs.origin}/signed?sig=1`
    const options = { change, answer: () => ({ status: 302, headers: { location } }) }
    return await onBench(stage, options, async (bench) => {
      await bench.start()
      await bench.send()
      await bench.rest()
      const [hop, ...more] = blobs.requests
      const sent = bench.api.requests[0]?.headers.authorization
      return judge(bench, {
        faults: unless(
          [sent !== undefined, 'the first hop went without its credential, which proves nothing'],
          [
            hop !== undefined && more.length === 0,
            `${blobs.requests.length} requests came to the second host`,
          ],
          [hop?.headers.authorization === undefined, 'the credential came to the second host'],
          [hop?.method === 'GET', `the second hop was ${hop?.method}`],
        ),
      })
    })
  } finally {
    await blobs.close()
  }
}

/** The tool is at a public name, which resolves to these in turn, one event for each list of answers. */
export async function resolving(
  stage: Stage,
  cases: readonly (readonly (readonly string[])[])[],
): Promise<Trial> {
  const trap = await openTrap()
  const origin = `https://${name}:${trap.port}`
  const asked = stage.attack.model.map(({ tool }) => String(tool))
  const change = (setting: Setting, { api }: Bench) => {
    for (const tool of Object.values(setting.tools)) {
      if (asked.some((asks) => String(tool['get'] ?? '').includes(`/${asks}`))) {
        tool['get'] = String(tool['get']).replace(api.origin, origin)
      }
    }
    for (const credential of Object.values(setting.credentials)) credential['origins'] = [api.origin, origin]
  }
  try {
    return await onBench(stage, { change }, async (bench) => {
      await bench.start()
      for (const [index, answers] of cases.entries()) {
        const names: NonNullable<Control['names']> = { [name]: answers }
        await control(bench, { names })
        await bench.send(objectOf(bench, index + 1))
        await bench.rest(index + 1)
      }
      const verdicts = bench.ledger.calls.map(verdictOf)
      return judge(bench, {
        faults: unless(
          [trap.connections === 0, `${trap.connections} connections were made`],
          [verdicts.length === cases.length, `${verdicts.length} of ${cases.length} calls were judged`],
        ),
      })
    })
  } finally {
    await trap.close()
  }
}

/** What the model searched for is one parameter, and the path is as it was. */
function queryOf(stage: Stage): Promise<Trial> {
  const wanted = String((stage.attack.model[0]?.['args'] as Record<string, unknown> | undefined)?.['q'])
  return onBench(stage, {}, async (bench) => {
    await bench.start()
    await bench.send()
    await bench.rest()
    const urls = bench.api.requests.map(({ url }) => new URL(url, bench.api.origin))
    const isExact = urls.every(({ searchParams, pathname }) => {
      return [...searchParams].join() === `q,${wanted}` && pathname === '/search_code/acme/api'
    })
    return judge(bench, { faults: unless([isExact && urls.length === 1, `found ${urls.join()}`]) })
  })
}

/** A page that the answer names elsewhere: the call itself is fine, and nobody goes there. */
function foreignPage(stage: Stage): Promise<Trial> {
  const link = '<https://evil.test/?page=2>; rel="next"'
  const answer = () => ({ status: 200, headers: { link }, body: { text: 'first page' } })
  return onBench(stage, { answer }, async (bench) => {
    await control(bench, { names: { 'evil.test': [['127.0.0.1']] } })
    await bench.start()
    await bench.send()
    await bench.rest()
    const asked = await readFile(join(bench.directory, 'control.json.asked'), 'utf8').catch(() => '')
    const trial = judge(bench, {
      expect: 'allow',
      faults: unless(
        [!asked.includes('evil.test'), 'the name of the other host was asked for'],
        [bench.api.requests.length === 1, `${bench.api.requests.length} pages were fetched`],
      ),
    })
    const note = 'deny:egress is judged by the second page, which nobody asked for; the first is allowed'
    return { ...trial, notes: [note] }
  })
}
