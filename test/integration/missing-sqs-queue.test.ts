import { DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { type Patient, startPatient } from '../cli/patient.ts'

const MESSAGE = { properties: {}, routing_key: 'lost', payload: 'found', payload_encoding: 'string' }
const publish = ({ call }: Patient) => call('POST', '/api/exchanges/%2F/amq.default/publish', MESSAGE)
const redeclare = ({ call }: Patient, args: object = {}) =>
  call('PUT', '/api/queues/%2F/lost', { durable: true, arguments: args })
const stateOf = async ({ call }: Patient) =>
  ((await call('GET', '/api/queues/%2F/lost')).body as { state: string }).state

describe('a queue whose SQS queue was deleted behind the back of the broker', () => {
  test('is down, and cannot be made anew while SQS blocks the name', async () => {
    const patient = await startPatient()
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: await patient.declare('lost') }))
    expect(await stateOf(patient)).toBe('down')
    expect((await publish(patient)).status).toBe(503)
    expect(await redeclare(patient)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '60' },
      body: { reason: expect.stringMatching(/^the SQS queue of queue 'lost' was deleted a moment ago/) },
    })
  })

  test.each([{}, { 'x-single-active-consumer': true }])(
    'declared again with %j, has its SQS queue back, its attributes and its bindings',
    async (args) => {
      const patient = await startPatient()
      const url = await patient.declare('lost', args)
      await patient.call('POST', '/api/bindings/%2F/e/amq.topic/q/lost', { routing_key: 'lost' })
      const attributes = async () =>
        (
          await patient.sqs.send(
            new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['Policy', 'RedrivePolicy'] }),
          )
        ).Attributes
      const before = await attributes()
      await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: url }))
      patient.advance(61_000)
      expect((await redeclare(patient, args)).status).toBe(204)
      expect(await attributes()).toEqual(before)
      expect(await stateOf(patient)).toBe('running')
      const answer = await patient.call('POST', '/api/exchanges/%2F/amq.topic/publish', MESSAGE)
      expect(answer).toMatchObject({ status: 200, body: { routed: true } })
      expect(await patient.urls()).toContain(url)
    },
  )

  test('declared again otherwise, is refused and stays down', async () => {
    const patient = await startPatient()
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: await patient.declare('lost') }))
    patient.advance(61_000)
    expect((await redeclare(patient, { 'x-single-active-consumer': true })).status).toBe(400)
    expect(await stateOf(patient)).toBe('down')
  })
})
