import {
  CreateQueueCommand,
  DeleteQueueCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { nameOf, type Patient, PREFIX, startPatient } from './patient.ts'

const ORPHAN = `${PREFIX}-orphan-0123456789`

/** An SQS queue that looks as ours do, of which no journal knows. */
async function plantOrphan({ sqs }: Patient): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: ORPHAN }))
  return QueueUrl
}

describe('leveret doctor', { timeout: 60_000 }, () => {
  it('finds nothing wrong with a broker that is well, and changes nothing', async () => {
    const patient = await startPatient()
    for (const args of [{}, { 'x-single-active-consumer': true }])
      await patient.declare(`q${Object.keys(args).length}`, args)
    const before = await patient.urls()
    expect(await patient.doctor()).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^Nothing is wrong: .* 2 /),
    })
    expect(await patient.doctor('--prefix', PREFIX, '--fix', '--yes')).toMatchObject({ code: 0 })
    expect(await patient.urls()).toEqual(before)
  })

  it('gives declared SQS queues the key that the internal ones have been given', async () => {
    const patient = await startPatient()
    const declared = nameOf(await patient.declare('made-before'))
    const relay = (await patient.urls()).find((url) => url.endsWith('-relay'))
    const KmsMasterKeyId = 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d'
    await patient.sqs.send(new SetQueueAttributesCommand({ QueueUrl: relay, Attributes: { KmsMasterKeyId } }))
    expect(await patient.doctor()).toMatchObject({ code: 1, printed: expect.stringContaining(declared) })
    expect(await patient.doctor('--prefix', PREFIX, '--fix', '--yes')).toMatchObject({ code: 0 })
    expect(await patient.doctor()).toMatchObject({ code: 0 })
  })

  it('finds an orphan, a wrong attribute and a queue of others; repairs the first two when told to', async () => {
    const patient = await startPatient()
    const kept = await patient.declare('kept')
    const changed = await patient.declare('changed')
    const orphan = await plantOrphan(patient)
    const { QueueUrl: foreign } = await patient.sqs.send(new CreateQueueCommand({ QueueName: `${PREFIX}-of-others` }))
    const attributes = { MessageRetentionPeriod: '60', Policy: '' }
    await patient.sqs.send(new SetQueueAttributesCommand({ QueueUrl: changed, Attributes: attributes }))

    const found = await patient.doctor()
    expect(found.code).toBe(1)
    expect(found.printed).toMatch(new RegExp(`^orphan +${ORPHAN}: .* 0 messages$`, 'm'))
    expect(found.printed).toMatch(
      new RegExp(
        `^wrong attributes +${nameOf(changed)} \\(queue 'changed' in vhost '/'\\): MessageRetentionPeriod is 60, not 864000; Policy is not set`,
        'm',
      ),
    )
    expect(found.printed).toMatch(new RegExp(`^not ours +${PREFIX}-of-others`, 'm'))
    expect(found.printed).not.toContain(nameOf(kept))

    const planned = await patient.doctor('--fix')
    expect(planned).toMatchObject({
      code: 1,
      output: expect.stringMatching(new RegExp(`^would delete ${ORPHAN}$`, 'm')),
    })
    expect(planned.output).toMatch(/^Nothing was changed/m)
    expect(await patient.urls()).toContain(orphan)

    const fixed = await patient.doctor('--fix', '--yes')
    expect(fixed.output).toMatch(new RegExp(`^done: delete ${ORPHAN}$`, 'm'))
    expect(fixed.output).toMatch(new RegExp(`^done: set MessageRetentionPeriod, Policy of ${nameOf(changed)}$`, 'm'))
    expect(fixed.code).toBe(0)
    expect((await patient.urls()).sort()).toEqual(expect.arrayContaining([kept, changed, foreign]))
    expect(await patient.urls()).not.toContain(orphan)
    expect((await patient.doctor()).code).toBe(0)
  })

  it('deletes messages only when it is told to', async () => {
    const patient = await startPatient()
    const orphan = await plantOrphan(patient)
    await patient.sqs.send(new SendMessageCommand({ QueueUrl: orphan, MessageBody: 'dear' }))
    const cautious = await patient.doctor('--fix', '--yes')
    expect(cautious).toMatchObject({ code: 1, output: expect.stringContaining('about 1 messages') })
    expect(cautious.output).toMatch(/^not done: leave .*--delete-messages/m)
    expect(await patient.urls()).toContain(orphan)
    expect(await patient.doctor('--fix', '--yes', '--delete-messages')).toMatchObject({ code: 0 })
    expect(await patient.urls()).not.toContain(orphan)
  })

  it('finds a declared queue whose SQS queue is gone, and says why it cannot be made again yet', async () => {
    const patient = await startPatient()
    const lost = await patient.declare('lost')
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: lost }))
    const found = await patient.doctor()
    expect(found.code).toBe(1)
    expect(found.printed).toMatch(
      new RegExp(`^missing +${nameOf(lost)}: the SQS queue of queue 'lost' in vhost '/'$`, 'm'),
    )
    // SQS blocks the name for a minute.
    const early = await patient.doctor('--fix', '--yes')
    expect(early.code).toBe(1)
    expect(early.output).toMatch(/^failed: make .*60 seconds/m)
  })

  it("finds and repairs what is wrong with the broker's own queues", async () => {
    const patient = await startPatient()
    const [relay, failed] = ['relay', 'failed'].map((queue) => `${PREFIX}-${queue}`)
    const urls = await patient.urls()
    const urlOf = (name = '') => urls.find((url) => nameOf(url) === name)
    const attributes = { RedrivePolicy: '', MaximumMessageSize: '1024' }
    await patient.sqs.send(new SetQueueAttributesCommand({ QueueUrl: urlOf(relay), Attributes: attributes }))
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: urlOf(failed) }))
    patient.advance(61_000)

    const { code, printed } = await patient.doctor()
    expect(code).toBe(1)
    expect(printed).toMatch(new RegExp(`^missing +${failed}: a queue of the broker itself$`, 'm'))
    expect(printed).toMatch(
      new RegExp(
        `^wrong attributes +${relay} .*MaximumMessageSize is 1024, not 1048576; RedrivePolicy is not set`,
        'm',
      ),
    )
    expect(await patient.doctor('--fix', '--yes')).toMatchObject({ code: 0 })
    expect(await patient.doctor()).toMatchObject({ code: 0, printed: expect.stringMatching(/^Nothing is wrong/) })
  })

  it('makes a missing SQS queue again, so that publishes arrive', async () => {
    const patient = await startPatient()
    const lost = await patient.declare('lost')
    await patient.sqs.send(new DeleteQueueCommand({ QueueUrl: lost }))
    patient.advance(61_000)
    expect((await patient.doctor()).code).toBe(1)
    expect(await patient.doctor('--fix', '--yes')).toMatchObject({ code: 0 })
    expect(await patient.urls()).toContain(lost)
    const message = { properties: {}, routing_key: 'lost', payload: 'found', payload_encoding: 'string' }
    const answer = await patient.call('POST', '/api/exchanges/%2F/amq.default/publish', message)
    expect(answer).toMatchObject({ status: 200, body: { routed: true } })
  })

  it.each([
    [
      ['--prefix', 'leveret'],
      /^table leveret-local-topology is of the broker whose SQS queues begin with 'leveret-local'/,
    ],
    [['--table', 'missing'], /^table missing cannot be read: /],
  ])('does nothing for %j, which is not of this broker', async (args, why) => {
    const patient = await startPatient()
    const orphan = await plantOrphan(patient)
    const { code, output } = await patient.doctor(...args, '--fix', '--yes')
    expect(code).toBe(1)
    expect(output).toMatch(why)
    expect(output).not.toMatch(/ {4}at /)
    expect(await patient.urls()).toContain(orphan)
  })

  it('gives SQS queues of an earlier release, which know no delivery limit, theirs', async () => {
    const patient = await startPatient()
    const old = await patient.declare('old', { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 })
    await patient.sqs.send(new SetQueueAttributesCommand({ QueueUrl: old, Attributes: { RedrivePolicy: '' } }))
    const found = await patient.doctor()
    expect(found.printed).toMatch(/^wrong attributes .*RedrivePolicy is not set, not .*"maxReceiveCount":4}$/m)
    expect(await patient.doctor('--fix', '--yes')).toMatchObject({ code: 0 })
    expect((await patient.doctor()).code).toBe(0)
  })

  it('knows the place that a queue has for its dead letters', async () => {
    const patient = await startPatient()
    await patient.declare('work')
    const message = { properties: {}, routing_key: 'work', payload: 'bad', payload_encoding: 'string' }
    await patient.call('POST', '/api/exchanges/%2F/amq.default/publish', message)
    const reject = { ackmode: 'reject_requeue_false', count: 1, encoding: 'auto' }
    await patient.call('POST', '/api/queues/%2F/work/get', reject)
    const isOpen = async () => (await patient.urls()).some((url) => nameOf(url).includes('dead-letters-work'))
    await expect.poll(isOpen, { timeout: 20_000 }).toBe(true)
    await expect.poll(async () => (await patient.doctor()).code, { timeout: 20_000 }).toBe(0)
  })
})
