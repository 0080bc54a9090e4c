import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../config/load.js'
import { createRemoteKeys } from '../../sources/engine/keys.js'
import { sourceKinds } from '../../sources/registry.js'
import type { WebhookSource } from '../../sources/source.js'
import { storeEngines } from '../../store/registry.js'
import type { Store } from '../../store/store.js'
import { type Clock, systemClock } from '../../util/clock.js'
import type { Environment } from '../../util/env.js'
import { createNetwork } from '../../util/fetch.js'
import { openConfigured } from '../configuration.js'
import type { Io } from '../io.js'
import type { LocalApi } from './api.js'
import { type CrmApi, startCrm } from './crm-api.js'
import { startGithub } from './github-api.js'
import { type DaemonProcess, freePort, startRouse } from './rouse-process.js'
import { script } from './script.js'
import { Sender } from './sender.js'
import { type StripeApi, startStripe } from './stripe-api.js'
import { startZendesk } from './zendesk-api.js'

export interface Apis {
  readonly github: LocalApi
  readonly stripe: StripeApi
  readonly zendesk: LocalApi
  readonly crm: CrmApi
}

/** Everything that the demo runs on: a directory, local APIs, an environment, a daemon, the ledger read beside it. */
export interface Stage {
  readonly directory: string
  readonly configFile: string
  readonly environment: Environment
  readonly address: string
  /** Of the admin listener; undefined where nobody stays to look. */
  readonly admin: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly apis: Apis
  readonly sender: Sender
  /** False for the scripted one. */
  readonly hasRealModel: boolean
  /** The daemon that runs now, or ran last. */
  daemon(): DaemonProcess
  /** Starts it again after it was killed. */
  startDaemon(): Promise<DaemonProcess>
  readonly store: Store
}

/** Of this very package: the demo runs the files that it ships. */
const configFile = fileURLToPath(new URL('../../../config.yaml', import.meta.url))

/** Sets the stage, lets `play` happen on it, and clears it away however that ends. */
export async function onStage<Result>(
  {
    io,
    signal,
    keep,
    stay,
  }: { readonly io: Io; readonly signal: AbortSignal; readonly keep: boolean; readonly stay: boolean },
  play: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const { clock } = io
  const undo: (() => unknown)[] = []
  try {
    const directory = await mkdtemp(join(tmpdir(), 'rouse-demo-'))
    if (!keep) undo.push(removeAtTheEnd(directory))
    const secrets = makeSecrets()
    const apis = await startApis(secrets, clock.now(), (api) => undo.push(() => api.close()))
    const address = `127.0.0.1:${await freePort()}`
    const admin = stay ? `127.0.0.1:${await freePort()}` : undefined
    const environment = environmentFor(io.environment, { secrets, apis, address, admin, directory })
    await writeFile(join(directory, 'script.json'), JSON.stringify(script), { mode: 0o600 })
    const network = createNetwork()
    undo.push(() => network.close())

    const sources = await openSources(environment)
    const sender = new Sender({ base: `http://${address}`, sources, network, clock, signal })
    let daemon: DaemonProcess | undefined
    undo.push(() => daemon?.kill())
    const startDaemon = async () => {
      const logFile = join(directory, 'daemon.log')
      daemon = await startRouse({ configFile, environment, logFile, address, network, clock, signal })
      return daemon
    }
    const first = await startDaemon()
    const store = await storeEngines.sqlite({
      file: join(directory, 'rouse.db'),
      exclusive: false,
      readOnly: true,
    })
    undo.push(() => store.close())
    return await play({
      directory,
      configFile,
      environment,
      address,
      admin,
      clock,
      signal,
      apis,
      sender,
      hasRealModel: hasKey(io.environment),
      daemon: () => daemon ?? first,
      startDaemon,
      store,
    })
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

/** Returns what removes it; it goes also when the process ends before that. */
function removeAtTheEnd(directory: string): () => void {
  const remove = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  return () => {
    process.off('exit', remove)
    remove()
  }
}

const secretNames = [
  'GITHUB_TOKEN',
  'GITHUB_WEBHOOK_SECRET',
  'STRIPE_API_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'ZENDESK_TOKEN',
  'ZENDESK_WEBHOOK_SECRET',
  'CRM_TOKEN',
] as const
type Secrets = Readonly<Record<(typeof secretNames)[number], string>>

/** New ones for each demo, so that none of the real ones is ever used. */
function makeSecrets(): Secrets {
  const secrets = Object.fromEntries(secretNames.map((name) => [name, randomBytes(24).toString('hex')]))
  return secrets as Record<(typeof secretNames)[number], string>
}

const zendeskUser = 'rouse@acme.example/token'

async function startApis(secrets: Secrets, now: number, onStarted: (api: LocalApi) => void): Promise<Apis> {
  const started = <Api extends LocalApi>(api: Api): Api => {
    onStarted(api)
    return api
  }
  const zendeskBasic = Buffer.from(`${zendeskUser}:${secrets.ZENDESK_TOKEN}`).toString('base64')
  return {
    github: started(await startGithub(secrets.GITHUB_TOKEN)),
    stripe: started(await startStripe(secrets.STRIPE_API_KEY, now)),
    zendesk: started(await startZendesk(`Basic ${zendeskBasic}`)),
    crm: started(await startCrm(secrets.CRM_TOKEN, now)),
  }
}

function hasKey(environment: Environment): boolean {
  return (environment['OPENAI_API_KEY'] ?? '') !== ''
}

interface Setting {
  readonly secrets: Secrets
  readonly apis: Apis
  readonly address: string
  readonly admin: string | undefined
  readonly directory: string
}

/** What config.yaml needs: local addresses instead of the real ones, and the scripted model where there is no key. */
function environmentFor(
  outer: Environment,
  { secrets, apis, address, admin, directory }: Setting,
): Environment {
  const model = hasKey(outer)
    ? {}
    : {
        OPENAI_BASE_URL: `scripted:${join(directory, 'script.json')}`,
        OPENAI_API_KEY: randomBytes(16).toString('hex'),
      }
  return {
    ...outer,
    ...secrets,
    ...model,
    STRIPE_WEBHOOK_SECRET_OLD: '',
    ZENDESK_USER: zendeskUser,
    GITHUB_API_URL: apis.github.origin,
    STRIPE_API_URL: apis.stripe.origin,
    ZENDESK_URL: apis.zendesk.origin,
    CRM_URL: apis.crm.origin,
    CRM_POLL_EVERY: '1s',
    ROUSE_HOOKS: address,
    ROUSE_ADMIN: admin ?? 'off',
    ROUSE_STORE: `sqlite:${join(directory, 'rouse.db')}`,
    PUBLIC_URL: `http://${address}`,
  }
}

/** The sources of config.yaml that take deliveries, with the secrets of this demo: what the senders sign with. */
async function openSources(environment: Environment): Promise<ReadonlyMap<string, WebhookSource>> {
  const kinds = Object.values(sourceKinds)
  const config = await loadConfig({ file: configFile, environment, kinds })
  return openConfigured(config, createRemoteKeys({ network: createNetwork(), clock: systemClock }))
}
