import { describe, expect, test } from 'vitest'
import { SqsQueues } from '../../lib/delivery/sqs-queues.ts'
import { maxReceiveCountOf } from '../../lib/topology/vhost/queue-settings.ts'
import { scriptedSqs } from './scripted-sqs.ts'

describe('the SQS queue of a declared queue', () => {
  const config = { namePrefix: 'leveret', sqsQueueUrlBase: 'https://sqs', sqsQueueArnBase: 'arn:aws:sqs:eu-west-1:1:' }
  const queues = new SqsQueues(scriptedSqs(), config)

  test.each([
    ['leveret-orders-0123456789', 'leveret-dead'],
    ['leveret-orders-0123456789.fifo', 'leveret-dead.fifo'],
  ])('%s gives what is received too often to %s', (name, dead) => {
    const { RedrivePolicy = '', VisibilityTimeout, ...others } = queues.desiredAttributes(name, { deliveryLimit: 20 })
    expect(JSON.parse(RedrivePolicy)).toEqual({
      deadLetterTargetArn: `arn:aws:sqs:eu-west-1:1:${dead}`,
      maxReceiveCount: 21,
    })
    expect(VisibilityTimeout).toBe('30')
    expect(others).toEqual(queues.attributesFor(name))
  })

  test.each([
    [undefined, 1000],
    [0, 1],
    [20, 21],
    [999, 1000],
    [1_000_000, 1000],
  ])('lets a message of delivery limit %s be received %i times, within the bounds of SQS', (deliveryLimit, times) => {
    expect(maxReceiveCountOf({ deliveryLimit })).toBe(times)
  })
})
