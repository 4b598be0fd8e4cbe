import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { encodeInline, envelopeOf } from '../../lib/delivery/envelope.ts'
import { encodeRelayMessages } from '../../lib/delivery/relay-message.ts'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { MAX_VERSION } from '../../lib/journal/table.ts'
import { nameOf, type Patient, PREFIX, startPatient, TABLE } from './patient.ts'

const SECRET = Buffer.from('swordfish')

const urlOf = async ({ sqs }: Patient, queue: string) =>
  (await sqs.send(new GetQueueUrlCommand({ QueueName: `${PREFIX}-${queue}` }))).QueueUrl ?? ''

interface Ids {
  readonly vhostId: string
  readonly queueId: string
}

/** Of vhost `/` and a queue in it: the journal alone says them. */
async function idsOf({ endpoint }: Patient, queue: string): Promise<Ids> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const aws = { region: 'us-east-1', credentials, endpoints: { dynamodb: endpoint } }
  const store = openDynamoDbStore({ aws, topologyTable: TABLE })
  const everything = { after: 0, upTo: MAX_VERSION }
  const [vhostId = ''] = (await store.readEntries('access', everything)).flatMap(
    ({ eventsJson }) => /"type":"vhost-created".*?"id":"(\w+)"/.exec(eventsJson)?.[1] ?? [],
  )
  const entries = await store.readEntries(vhostId, everything)
  store.close()
  for (const { eventsJson } of entries) {
    const [event] = JSON.parse(eventsJson) as { queue?: { id: string; name: string } }[]
    if (event?.queue?.name === queue) return { vhostId, queueId: event.queue.id }
  }
  throw new Error(`the journal of ${vhostId} has no queue ${queue}`)
}

/** Fan-outs as a publish leaves them to the relay: each is still to go to one queue. */
async function leaveFanOuts(patient: Patient, queue: string, sqsQueueName: string, count: number): Promise<void> {
  const { vhostId, queueId } = await idsOf(patient, queue)
  const QueueUrl = await urlOf(patient, 'relay')
  for (let index = 0; index < count; index += 1) {
    const [relayed] = encodeRelayMessages({
      publishId: `publish-${index}`,
      vhostId,
      version: 1,
      message: encodeInline(envelopeOf({ exchange: 'orders', routingKey: 'placed', properties: {}, payload: SECRET })),
      targets: [{ queueId, sqsQueueName, hop: 0 }],
    })
    await patient.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: relayed?.body }))
  }
}

/** After one failure instead of twenty. */
async function giveUpAtOnce(patient: Patient): Promise<void> {
  const QueueUrl = await urlOf(patient, 'relay')
  const AttributeNames: QueueAttributeName[] = ['RedrivePolicy']
  const { Attributes } = await patient.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  const RedrivePolicy = JSON.stringify({ ...JSON.parse(Attributes?.RedrivePolicy ?? ''), maxReceiveCount: 1 })
  await patient.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }))
}

const countFailed = async (patient: Patient): Promise<number> => {
  const AttributeNames: QueueAttributeName[] = ['ApproximateNumberOfMessages']
  const QueueUrl = await urlOf(patient, 'failed')
  const { Attributes } = await patient.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  return Number(Attributes?.ApproximateNumberOfMessages)
}

const countIn = async (patient: Patient, queue: string): Promise<number> =>
  ((await patient.call('GET', `/api/queues/%2F/${queue}`)).body as { messages: number }).messages

describe('leveret replay-failed', { timeout: 90_000 }, () => {
  it('says that there is nothing', async () => {
    const patient = await startPatient()
    expect(await patient.leveret('replay-failed', '--prefix', PREFIX)).toMatchObject({
      code: 0,
      printed: `Nothing is in ${PREFIX}-failed.\nNothing is in ${PREFIX}-failed.fifo.\n`,
    })
  })

  it('says that it finds no such broker', async () => {
    const patient = await startPatient()
    const { code, output } = await patient.leveret('replay-failed', '--prefix', 'other', '--yes')
    expect(code).toBe(1)
    expect(output).toMatch(/^there are no SQS queues other-failed and other-failed.fifo/)
  })

  it('shows fan-outs that the relay gave up; told to, tries them again, and they arrive', async () => {
    const patient = await startPatient()
    const url = await patient.declare('late')
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: url }))
    await giveUpAtOnce(patient)
    await leaveFanOuts(patient, 'late', nameOf(url), 3)
    // The relay fails; SQS hides the messages for a while, and then gives them up.
    const givenUp = async () => {
      patient.advance(31_000)
      return countFailed(patient)
    }
    await expect.poll(givenUp, { timeout: 40_000, interval: 200 }).toBe(3)

    const shown = await patient.leveret('replay-failed', '--prefix', PREFIX)
    expect(shown.code).toBe(1)
    expect(shown.printed).toMatch(/^About 3 messages are in leveret-local-failed\.$/m)
    const fanOut = /^ {2}\S+Z {2}a fan-out, exchange 'orders', key 'placed', publish publish-\d: 1 copies left$/m
    expect(shown.printed).toMatch(fanOut)
    expect(shown.output).not.toContain(SECRET.toString())
    expect(await countFailed(patient)).toBe(3)

    expect((await patient.call('PUT', '/api/queues/%2F/late', { durable: true })).status).toBe(204)
    const replayed = await patient.leveret('replay-failed', '--prefix', PREFIX, '--yes')
    expect(replayed).toMatchObject({ code: 0, output: expect.stringMatching(/^leveret-local-failed: moved back 3/m) })
    await expect.poll(() => countIn(patient, 'late'), { timeout: 10_000 }).toBe(3)
    expect(await patient.leveret('replay-failed', '--prefix', PREFIX)).toMatchObject({ code: 0 })
  })
})
