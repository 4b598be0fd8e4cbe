import { describe, expect, test } from 'vitest'
import { ENV, readConfig } from '../lib/config.ts'

const COMPLETE = {
  [ENV.namePrefix]: 'leveret-1a2b3c4d',
  [ENV.topologyTable]: 'topology',
  [ENV.messagesTable]: 'messages',
  [ENV.blobs]: 's3://blobs',
  [ENV.relayQueueUrl]: 'https://sqs.eu-west-1.amazonaws.com/123456789012/leveret-1a2b3c4d-relay',
  [ENV.relayQueueArn]: 'arn:aws:sqs:eu-west-1:123456789012:leveret-1a2b3c4d-relay',
  [ENV.leaseMs]: '1000',
  [ENV.auth]: 'basic',
}

describe('the configuration of a function', () => {
  test('is read from its environment', () => {
    expect(readConfig(COMPLETE)).toEqual({
      namePrefix: 'leveret-1a2b3c4d',
      topologyTable: 'topology',
      messagesTable: 'messages',
      blobs: 's3://blobs',
      sqsQueueUrlBase: 'https://sqs.eu-west-1.amazonaws.com/123456789012',
      sqsQueueArnBase: 'arn:aws:sqs:eu-west-1:123456789012:',
      leaseMs: 1000,
      auth: 'basic',
      fullPollWaitS: 1,
      countsCacheMs: 5000,
      statisticsLagMs: 65_000,
      aws: {},
    })
  })

  test('names the secret where there is one', () => {
    expect(readConfig({ ...COMPLETE, [ENV.administratorSecret]: 'arn' }).administratorSecret).toBe('arn')
  })

  test('names the key and the administrators where there are any', () => {
    const env = { ...COMPLETE, [ENV.encryptionKeyArn]: 'key', [ENV.administrators]: 'one two,with-comma' }
    expect(readConfig(env)).toMatchObject({ encryptionKeyArn: 'key', administrators: ['one', 'two,with-comma'] })
  })

  test.each(['Basic', 'basic,iam', 'none'])('lets nobody in by %j', (auth) => {
    expect(() => readConfig({ ...COMPLETE, [ENV.auth]: auth })).toThrow(ENV.auth)
  })

  test.each(Object.keys(COMPLETE))('cannot do without %s', (name) => {
    expect(() => readConfig({ ...COMPLETE, [name]: undefined })).toThrow(name)
    expect(() => readConfig({ ...COMPLETE, [name]: '' })).toThrow(name)
  })

  test('names the issuer of tokens, with its keys or where they are', () => {
    const tokens = { [ENV.jwtIssuer]: 'https://issuer/', [ENV.jwtAudience]: 'rabbitmq' }
    const jwt = { issuer: 'https://issuer/', audience: 'rabbitmq' }
    const read = (more: Record<string, string>) => readConfig({ ...COMPLETE, ...tokens, ...more }).jwt
    expect(read({ [ENV.jwtJwksUri]: 'https://issuer/keys' })).toEqual({ ...jwt, jwksUri: 'https://issuer/keys' })
    expect(read({ [ENV.jwtJwks]: '{"keys":[]}' })).toEqual({ ...jwt, jwks: '{"keys":[]}' })
    expect(() => read({})).toThrow(ENV.jwtJwksUri)
    expect(() => read({ [ENV.jwtJwksUri]: 'http://issuer/keys' })).toThrow(ENV.jwtJwksUri)
    expect(() => read({ [ENV.jwtJwksUri]: 'https://issuer/keys', [ENV.jwtAudience]: '' })).toThrow(ENV.jwtAudience)
  })

  test.each(['', '-1', '10001', '0.5', 'soon'])('takes no lease of %j', (leaseMs) => {
    expect(() => readConfig({ ...COMPLETE, [ENV.leaseMs]: leaseMs })).toThrow(ENV.leaseMs)
  })

  test('takes no relay queue of another broker', () => {
    const other = 'https://sqs.eu-west-1.amazonaws.com/123456789012/leveret-00000000-relay'
    expect(() => readConfig({ ...COMPLETE, [ENV.relayQueueUrl]: other })).toThrow(/leveret-1a2b3c4d-relay is at/)
  })
})
