import { describe, expect, test } from 'vitest'
import type { AmqpValue } from '../../../lib/model/amqp-value.ts'
import { BrokerError } from '../../../lib/model/errors.ts'
import { parseParameter } from '../../../lib/topology/definitions/parameter.ts'

const LINK = { uri: 'amqp://h' }
const SHOVEL = { 'src-uri': 'amqp://', 'dest-uri': 'amqps://h?verify=verify_none', 'src-queue': 'q', 'dest-queue': 'd' }

function complaintOf(component: string, value: AmqpValue): string | undefined {
  try {
    parseParameter(component, 'p', value)
    return undefined
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    return String(error.reason).replace('Validation failed\n\n', '').trimEnd()
  }
}

describe('the value of a parameter', () => {
  test.each<[string, AmqpValue]>([
    ['federation-upstream', LINK],
    ['federation-upstream', { uri: ['amqp://a', 'amqps://b/%2f'], 'max-hops': 2, 'ack-mode': 'no-ack', queue: 'q' }],
    ['federation-upstream', { ...LINK, 'a-field-of-a-later-release': true }],
    ['federation-upstream-set', [{ upstream: 'u' }]],
    ['shovel', SHOVEL],
    ['shovel', { 'src-protocol': 'amqp10', 'src-uri': 'amqp://', 'src-address': 'a', 'dest-uri': 'amqp://' }],
  ])('of component %s is kept: %j', (component, value) => {
    expect(parseParameter(component, 'p', value)).toEqual({ component, name: 'p', value })
  })

  test.each<[string, AmqpValue, string]>([
    ['nope', {}, 'component nope not found'],
    ['federation-upstream', {}, 'Key "uri" not found in p'],
    ['federation-upstream', 1, 'Key "uri" not found in p'],
    ['federation-upstream', { uri: null }, 'uri should be list, actually was null'],
    ['federation-upstream', { uri: 'x' }, '"x" not a valid URI: {{unable_to_parse_uri,no_scheme},"x"}'],
    [
      'federation-upstream',
      { uri: ['amqp://a', 'http://b'] },
      '"http://b" not a valid URI: {{unexpected_uri_scheme,"http"},"http://b"}',
    ],
    [
      'federation-upstream',
      { ...LINK, 'prefetch-count': 'x' },
      'prefetch-count should be a number, actually was &lt;&lt;"x"&gt;&gt;',
    ],
    ['federation-upstream', { ...LINK, 'trust-user-id': 1 }, 'trust-user-id should be boolean, actually was 1'],
    ['federation-upstream', { ...LINK, queue: 1 }, 'queue should be binary, actually was 1'],
    [
      'federation-upstream',
      { ...LINK, 'ack-mode': 'x' },
      'ack-mode should be one of [&lt;&lt;"no-ack"&gt;&gt;,&lt;&lt;"on-publish"&gt;&gt;,&lt;&lt;"on-confirm"&gt;&gt;], actually was &lt;&lt;"x"&gt;&gt;',
    ],
    ['federation-upstream-set', [{}], 'Key "upstream" not found in p'],
    [
      'shovel',
      {},
      'Must specify \'src-exchange\' or \'src-queue\'\nKey "dest-uri" not found in p\nKey "src-uri" not found in p',
    ],
    ['shovel', { ...SHOVEL, 'src-exchange': 'x' }, "Cannot specify 'src-exchange' and 'src-queue'"],
  ])('of component %s is refused in RabbitMQ’s words: %j', (component, value, complaint) => {
    expect(complaintOf(component, value)).toBe(complaint)
  })
})
