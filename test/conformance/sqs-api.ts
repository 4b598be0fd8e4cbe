import { describe, expect, test } from 'vitest'
import type { SqsApi } from '../../lib/delivery/sqs-client.ts'
import { isDeletedRecently, isMissingQueue, isRetriable } from '../../lib/delivery/sqs-errors.ts'

export interface SqsApiUnderTest {
  readonly sqs: SqsApi
  /** Of a queue by that name, whether it is there or not. */
  urlOf(name: string): string
}

/** What whoever calls SQS through `SqsApi` may count on, whatever is behind it. */
export function describeSqsApi(name: string, open: () => Promise<SqsApiUnderTest>): void {
  describe(`the calls of SQS ${name}`, () => {
    async function openQueue(Attributes?: Record<string, string>) {
      const { sqs, urlOf } = await open()
      await sqs.createQueue({ QueueName: 'queue', Attributes })
      const QueueUrl = urlOf('queue')
      const send = (...bodies: string[]) =>
        sqs.sendMessageBatch({
          QueueUrl,
          Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
        })
      const receive = (options: object = {}, signal?: AbortSignal) =>
        sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...options }, signal)
      const bodies = async (options?: object) => (await receive(options)).map(({ Body }) => Body)
      return { sqs, QueueUrl, urlOf, send, receive, bodies }
    }

    test('send and receive text and attributes, bytes among them', async () => {
      const { sqs, QueueUrl, receive } = await openQueue()
      const MessageAttributes = {
        text: { DataType: 'String', StringValue: 'hällo' },
        bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255, 7) },
      }
      const entry = { Id: 'a', MessageBody: '🐇', MessageAttributes }
      expect((await sqs.sendMessageBatch({ QueueUrl, Entries: [entry] })).Successful).toMatchObject([{ Id: 'a' }])
      const [message] = await receive({ MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] })
      expect(message).toMatchObject({
        Body: '🐇',
        Attributes: { ApproximateReceiveCount: '1' },
        MessageAttributes: { text: { DataType: 'String', StringValue: 'hällo' }, bytes: { DataType: 'Binary' } },
      })
      const bytes = message?.MessageAttributes?.bytes?.BinaryValue ?? []
      expect([...bytes]).toEqual([0, 255, 7])
    })

    test('tell of each entry of a batch what became of it', async () => {
      const { sqs, QueueUrl, send, receive } = await openQueue()
      const { Successful, Failed } = await send('good', 'not \u0000 allowed')
      expect(Successful).toMatchObject([{ Id: '0' }])
      expect(Failed).toMatchObject([{ Id: '1', Code: 'InvalidMessageContents', SenderFault: true }])
      const [{ ReceiptHandle = '' } = {}] = await receive()
      const Entries = [
        { Id: 'good', ReceiptHandle },
        { Id: 'bad', ReceiptHandle: 'made up' },
      ]
      const deleted = await sqs.deleteMessageBatch({ QueueUrl, Entries })
      expect(deleted.Successful).toMatchObject([{ Id: 'good' }])
      expect(deleted.Failed).toMatchObject([{ Id: 'bad', Code: 'ReceiptHandleIsInvalid', SenderFault: true }])
    })

    test('show a message again when its visibility is set to nothing', async () => {
      const { sqs, QueueUrl, send, receive, bodies } = await openQueue()
      await send('x')
      const [{ ReceiptHandle } = {}] = await receive({ VisibilityTimeout: 60 })
      expect(await bodies()).toEqual([])
      await sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: [{ Id: '0', ReceiptHandle, VisibilityTimeout: 0 }] })
      expect(await bodies()).toEqual(['x'])
    })

    test('change and tell the attributes of a queue', async () => {
      const { sqs, QueueUrl, send } = await openQueue({ VisibilityTimeout: '11' })
      await sqs.setQueueAttributes({ QueueUrl, Attributes: { VisibilityTimeout: '12' } })
      await send('x')
      const attributes = await sqs.getQueueAttributes(QueueUrl, ['VisibilityTimeout', 'ApproximateNumberOfMessages'])
      expect(attributes).toEqual({ VisibilityTimeout: '12', ApproximateNumberOfMessages: '1' })
    })

    test('throw errors that say what is wrong and that repeating does not help', async () => {
      const { sqs, QueueUrl, urlOf } = await openQueue()
      const errorOf = (call: Promise<unknown>): Promise<Error> => call.then(Promise.reject, (error) => error)
      const missing = await errorOf(sqs.receiveMessage({ QueueUrl: urlOf('missing') }))
      expect([missing instanceof Error, isMissingQueue(missing), isRetriable(missing)]).toEqual([true, true, false])
      await sqs.deleteQueue(QueueUrl)
      const tooSoon = await errorOf(sqs.createQueue({ QueueName: 'queue' }))
      expect([tooSoon instanceof Error, isDeletedRecently(tooSoon)]).toEqual([true, true])
      const wrong = await errorOf(sqs.createQueue({ QueueName: 'no such name!' }))
      expect([wrong instanceof Error, isRetriable(wrong)]).toEqual([true, false])
    })

    test('take no message for a caller who has gone', async () => {
      const { send, receive, bodies } = await openQueue()
      const caller = new AbortController()
      const waiting = receive({ WaitTimeSeconds: 20 }, caller.signal)
      caller.abort()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      await send('for somebody else')
      expect(await bodies({ WaitTimeSeconds: 20 })).toEqual(['for somebody else'])
      await expect(receive({}, caller.signal)).rejects.toMatchObject({ name: 'AbortError' })
    })

    test('leave a message with whoever got it, though the caller goes on to abort', async () => {
      const { send, receive, bodies } = await openQueue()
      const caller = new AbortController()
      await send('mine')
      expect(await receive({ VisibilityTimeout: 30 }, caller.signal)).toHaveLength(1)
      caller.abort()
      expect(await bodies()).toEqual([])
    })
  })
}
