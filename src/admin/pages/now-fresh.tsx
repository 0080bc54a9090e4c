import type { Config } from '../../config/config.js'
import type { WebhookSource } from '../../sources/source.js'
import { Block, Card, Text } from '../ui/parts.js'

const example = `sources:
  ci: { kind: github, secret: "\${GITHUB_WEBHOOK_SECRET}" }`

/** Nothing has ever come: how the first delivery gets here. */
export function FirstDelivery({
  config,
  sources,
}: {
  readonly config: Config
  readonly sources: ReadonlyMap<string, WebhookSource>
}) {
  const [first] = sources
  const type = first?.[1].samples[0]?.type
  if (config.sources.size === 0) {
    return (
      <Card title="Declare a source">
        <p>
          What wakes agents comes from a source: a sender of webhooks, a service that is asked, or the clock.
          Write one into config.yaml; it is read again as soon as it is saved.
        </p>
        <Block of={example} label="An example" />
        <p class="soft">
          <code>rouse check</code> says what the file means, and what is wrong with it.
        </p>
      </Card>
    )
  }
  return (
    <div class="grid">
      <div class="half">
        <Card title="1. Send a signed test">
          {first && type !== undefined ? (
            <>
              <p>
                A sample as the sender would send it, signed with your secret. It wakes agents as a real one
                does.
              </p>
              <Block of={`rouse trigger ${first[0]} ${type}`} label="The command" />
              <p class="soft">
                Or from <a href={`/sources/${encodeURIComponent(first[0])}#test`}>the page of {first[0]}</a>.
              </p>
            </>
          ) : (
            <p>
              No configured source takes deliveries: they go by the clock, and the first event comes by
              itself.
            </p>
          )}
        </Card>
      </div>
      <div class="half">
        <Card title="2. Register the URL at the sender">
          {[...sources.keys()].map((name) => (
            <div class="stack tight">
              <h3>
                <a href={`/sources/${encodeURIComponent(name)}`}>
                  <Text of={name} />
                </a>
              </h3>
              <Block of={hookUrl(config, name)} label={`URL of ${name}`} />
            </div>
          ))}
          <PublicOrNot config={config} />
        </Card>
      </div>
    </div>
  )
}

/** What a sender is told to send to. */
export function hookUrl({ server }: Pick<Config, 'server'>, name: string): string {
  return `${server.publicUrl}/hooks/${name}`
}

/** A sender on the internet does not reach a name of this machine. */
export function PublicOrNot({ config: { server } }: { readonly config: Pick<Config, 'server'> }) {
  if (!/^https?:\/\/(localhost|127\.|\[::1\])/.test(server.publicUrl)) return null
  return (
    <p class="small soft">
      This is a name of this machine, which no sender on the internet reaches. Say under which one they do:{' '}
      <code>server.public_url</code>.
    </p>
  )
}
