import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/domain/errors.js'
import { awsSns } from '../../src/sources/aws-sns.js'
import type { KeyRequest } from '../../src/sources/engine/keys.js'
import type { SourceContext } from '../../src/sources/source.js'
import { delivery, openSource } from './setting.js'
import { signMessage, snsContext } from './support/aws-sns.js'

const topic = 'arn:aws:sns:us-east-2:123456789012:alarms'
const host = 'https://sns.us-east-2.amazonaws.com'
const token = '2336412f37fb687f5d51e6e2425c464de12884f3'
const subscribeUrl = `${host}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=${token}`
const fields = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']

const confirmation = {
  Type: 'SubscriptionConfirmation',
  MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
  Token: token,
  TopicArn: topic,
  Message: 'You have chosen to subscribe to the topic.',
  SubscribeURL: subscribeUrl,
  Timestamp: '2026-01-01T00:00:00.000Z',
}

function confirmed(change: Readonly<Record<string, string>> = {}): string {
  return signMessage({ ...confirmation, ...change }, fields)
}

/** What was fetched for `body`, and the code with which it was refused. */
async function receive(body: string, context?: SourceContext): Promise<{ urls: string[]; code?: string }> {
  const loaded: KeyRequest[] = []
  const source = openSource(awsSns, { topics: [topic] }, context ?? snsContext(loaded))
  const sent = delivery([], body)
  const urls = () => loaded.map(({ url }) => url).filter((url) => !url.endsWith('.pem'))
  try {
    await source.prepare?.(sent, 0)
    const verified = source.verify(sent, 0)
    expect(source.handshake(verified)).toEqual({ status: 200, body: '' })
    return { urls: urls() }
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    return { urls: urls(), code: (error as AppError).code }
  }
}

describe('a subscription of Amazon SNS', () => {
  it('is confirmed by the URL of its message, which is not recorded', async () => {
    expect(await receive(confirmed())).toEqual({ urls: [subscribeUrl] })
  })

  it('is confirmed only for a topic that is listed', async () => {
    const theirs = `${topic}-of-theirs`
    const url = subscribeUrl.replace(topic, theirs)
    const body = confirmed({ TopicArn: theirs, SubscribeURL: url })
    expect(await receive(body)).toEqual({ urls: [], code: 'verification.bad_credentials' })
  })

  it('is confirmed only after the signature is right', async () => {
    const body = confirmed().replace('You have chosen', 'They have chosen')
    expect(await receive(body)).toEqual({ urls: [], code: 'verification.signature_mismatch' })
  })

  it.each([
    ['http', subscribeUrl.replace('https:', 'http:')],
    ['another host', subscribeUrl.replace(host, 'https://evil.example')],
    ['the SNS of another region', subscribeUrl.replace('us-east-2.amazonaws', 'us-east-1.amazonaws')],
    ['an address of this network', subscribeUrl.replace(host, 'https://169.254.169.254')],
    ['another port', subscribeUrl.replace(host, `${host}:444`)],
    ['credentials', subscribeUrl.replace('https://', 'https://x@')],
    ['another action', subscribeUrl.replace('ConfirmSubscription', 'DeleteTopic')],
    ['two actions', `${subscribeUrl}&Action=DeleteTopic`],
    ['another topic', subscribeUrl.replace('alarms', 'other')],
    ['another token', subscribeUrl.replace(token, 'abc')],
    ['one parameter more', `${subscribeUrl}&AuthenticateOnUnsubscribe=true`],
    ['another path', subscribeUrl.replace('/?', '/x?')],
  ])('is not confirmed by a signed URL with %s', async (_what, url) => {
    const body = confirmed({ SubscribeURL: url })
    expect(await receive(body)).toEqual({ urls: [], code: 'verification.untrusted_key' })
  })

  it('is left to a later try of SNS while the confirmation cannot be fetched', async () => {
    const context = snsContext()
    const unavailable = new AppError('verification.key_unavailable', 'away', { retry: 'later' })
    const load = ({ url }: KeyRequest) =>
      url.endsWith('.pem') ? Promise.resolve() : Promise.reject(unavailable)
    const away = { ...context, keys: { ...context.keys, load } }
    expect((await receive(confirmed(), away)).code).toBe('verification.key_unavailable')
  })

  it('that ends is an event, whose token is signed too', async () => {
    const source = openSource(awsSns, { topics: [topic] }, snsContext())
    const ended = { ...confirmation, Type: 'UnsubscribeConfirmation' }
    const verified = source.verify(delivery([], signMessage(ended, fields)), 0)
    expect(source.handshake(verified)).toBeUndefined()
    expect(source.events(verified)[0]).toMatchObject({ type: 'UnsubscribeConfirmation', subject: topic })
    const withoutToken = fields.filter((name) => name !== 'Token')
    expect(() => source.verify(delivery([], signMessage(ended, withoutToken)), 0)).toThrow(AppError)
  })
})

describe('a message of Amazon SNS', () => {
  const source = openSource(awsSns, { topics: [topic] }, snsContext())
  const notification = {
    Type: 'Notification',
    MessageId: '792cda85-518f-5dd3-9163-81d851212f3a',
    TopicArn: topic,
    Message: '{"AlarmName":"latency","id":9007199254740993}',
    Timestamp: '2026-01-01T00:00:00.000Z',
  }

  it('is read as JSON where it is JSON, and nothing that is not signed becomes a part of the event', () => {
    const attributes = { MessageAttributes: { order: { Type: 'String', Value: '7' } } }
    const body = { ...JSON.parse(signMessage(notification)), ...attributes }
    const [event] = source.events(source.verify(delivery([], JSON.stringify(body)), 0))
    expect(event?.data).toEqual({
      Type: 'Notification',
      MessageId: notification.MessageId,
      TopicArn: topic,
      Message: { AlarmName: 'latency', id: 9007199254740993n },
      Timestamp: notification.Timestamp,
    })
  })

  it('of China has its certificate there', async () => {
    const chinese = 'arn:aws-cn:sns:cn-north-1:123456789012:alarms'
    const loaded: KeyRequest[] = []
    const there = openSource(awsSns, { topics: [chinese] }, snsContext(loaded))
    const message = JSON.parse(signMessage({ ...notification, TopicArn: chinese })) as Record<string, string>
    const at = (url: string) => delivery([], JSON.stringify({ ...message, SigningCertURL: url }))
    await there.prepare?.(at('https://sns.cn-north-1.amazonaws.com.cn/x.pem'), 0)
    expect(loaded[0]?.hosts).toEqual(['sns.cn-north-1.amazonaws.com.cn'])
    await expect(there.prepare?.(at('https://sns.cn-north-1.amazonaws.com/x.pem'), 0)).rejects.toThrow(
      AppError,
    )
  })
})
