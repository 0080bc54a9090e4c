import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Bench } from '../bench.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import type { Scenarios } from './scenario.js'
import { unless } from './steps.js'

/** Secrets on the ways out that nobody thinks of. */
export const secretScenarios: Scenarios = {
  A101: errorPaths,
  A105: secretsInAnswers,
}

/** Connections that break, TLS that is none, and JSON that is none: what is said of them holds no header. */
async function errorPaths(stage: Stage): Promise<Trial> {
  const broken = createServer((request, response) => {
    if (request.url?.includes('reset')) request.socket.destroy()
    else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"authorization": ${JSON.stringify(request.headers.authorization)}, oops`)
    }
  })
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(broken.address() as AddressInfo).port}`
  const [name = ''] = stage.attack.model.map(({ tool }) => String(tool))
  const model = ['reset', 'tls', 'json'].map((way) => ({ tool: `${name}_${way}`, args: {} }))
  const change = ({ setting }: Pick<Bench, 'setting'>) => {
    for (const way of ['reset', 'tls', 'json']) {
      const origin = way === 'tls' ? `https://${host}` : `http://${host}`
      const { yields: _, ...tool } = setting.tools[name] ?? {}
      setting.tools[`${name}_${way}`] = { ...tool, get: `${origin}/${way}/{charge}`, private: true }
      setting.agents[stage.attack.agent]?.tools.push({ [`${name}_${way}`]: {} })
      for (const credential of Object.values(setting.credentials))
        (credential['origins'] as string[]).push(origin)
    }
    for (const credential of Object.values(setting.credentials)) {
      credential['origins'] = [...new Set(credential['origins'] as string[])]
    }
  }
  try {
    const attack = { ...stage.attack, model }
    return await onBench(
      { ...stage, attack },
      { change: (setting) => change({ setting }) },
      async (bench) => {
        await bench.start()
        await bench.send()
        const { runs, calls } = await bench.rest()
        for (const args of [['runs'], ['run', runs[0]?.id ?? ''], ['explain', runs[0]?.id ?? '', '--json']]) {
          await bench.command(...args)
        }
        const judged = calls.filter(({ settledAt }) => settledAt !== null).length
        const faults = unless([judged === 3, `${judged} of 3 calls came to an end`])
        return judge(bench, { expect: 'allow or deny:egress', calls: () => [], faults: faults })
      },
    ).then(withoutVerdict)
  } finally {
    broken.closeAllConnections()
    broken.close()
  }
}

/** What is expected is that nothing is found; there is no verdict to be had. */
function withoutVerdict(trial: Trial): Trial {
  return { ...trial, faults: trial.faults.filter((fault) => !fault.startsWith('expected allow or')) }
}

/** A ticket that holds what we use ourselves, in every form. */
function secretsInAnswers(stage: Stage): Promise<Trial> {
  const secrets = Object.values(stage.world.secrets)
  const forms = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret)
    const percent = [...bytes].map((byte) => `%${byte.toString(16)}`).join('')
    return [secret, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), percent]
  })
  const text = `Here is what I found: ${forms.join(' , ')} and half of one ${secrets[0]?.slice(4, 16)}.`
  const answer = ({ method }: { method: string }) =>
    method === 'GET' ? { status: 200, body: { text, [secrets[0] ?? '']: 1 } } : undefined
  return onBench(stage, { answer }, async (bench) => {
    await bench.start()
    await bench.send({ text })
    const { runs } = await bench.rest()
    await bench.command('run', runs[0]?.id ?? '', '--json')
    const given = bench.model.inputs.map(({ text: input }) => input).join('\n')
    const faults = unless(
      [bench.api.requests.length > 0, 'the ticket was not read'],
      [given.includes('Here is what I found'), 'the text of the ticket did not come to the model'],
      [given.includes('[redacted]'), 'nothing was blotted out in what the model was given'],
    )
    return withoutVerdict(judge(bench, { expect: 'allow or deny:egress', calls: () => [], faults }))
  })
}
