import { createSign, generateKeyPairSync } from 'node:crypto'
import type { KeyRequest } from '../../../src/sources/engine/keys.js'
import type { SourceContext } from '../../../src/sources/source.js'
import type { ContractSupport } from '../../contract/source.js'
import { readFixtureText, testContext } from '../setting.js'

/** The certificate that signed the recorded messages, as AWS published it in 2022. */
const { vectors } = JSON.parse(readFixtureText('vectors.json')) as {
  vectors: readonly { readonly id: string; readonly secrets?: readonly string[] }[]
}
const certificate = vectors.find(({ id }) => id === 'aws-sns/real-v1')?.secrets?.[0]

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ownKey = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const host = 'https://sns.us-east-2.amazonaws.com'
const ownUrl = `${host}/test.pem`

/** A context in which every URL that is asked for is kept in `loaded`. */
export function snsContext(loaded: KeyRequest[] = []): SourceContext {
  return {
    ...testContext,
    keys: {
      load(request) {
        loaded.push(request)
        return Promise.resolve()
      },
      get: ({ url }) => (url === ownUrl ? ownKey : certificate),
      close: () => Promise.resolve(),
    },
  }
}

/** The message with a signature of version 2, over these of its fields. */
export function signMessage(
  message: Readonly<Record<string, string>>,
  names: readonly string[] = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
): string {
  const signed = names.flatMap((name) => (message[name] === undefined ? [] : [`${name}\n${message[name]}\n`]))
  const signature = createSign('sha256').update(signed.join('')).sign(privateKey, 'base64')
  return JSON.stringify({
    ...message,
    SignatureVersion: '2',
    Signature: signature,
    SigningCertURL: ownUrl,
  })
}

export const support: ContractSupport = {
  context: snsContext(),
  sign({ body }, _now, { options }) {
    const [topic = ''] = options['topics'] as readonly string[]
    const message = JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, string>
    const isOurs = (options['topics'] as readonly string[]).includes(message['TopicArn'] ?? '')
    return { headers: {}, body: Buffer.from(signMessage(isOurs ? message : { ...message, TopicArn: topic })) }
  },
}
