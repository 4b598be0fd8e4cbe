import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { DirectEngine } from './direct-engine.ts'
import { ReferenceQueue } from './reference-queue.ts'

const VISIBILITY_MS = 30_000

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('send'), group: fc.integer({ min: 0, max: 2 }), delay: fc.nat(20) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('receive'), max: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete'), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change'), pick: fc.nat(), seconds: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
)
type Step = {
  readonly do: string
  readonly group?: number
  readonly delay?: number
  readonly max?: number
  readonly pick?: number
  readonly seconds?: number
  readonly ms?: number
}

/** Takes the same steps on the engine and on the reference, and compares what can be seen after each. */
class Comparison {
  readonly #isFifo: boolean
  readonly #file: string
  readonly #reference: ReferenceQueue
  readonly #handles: { readonly body: string; readonly receive: number; readonly handle: string }[] = []
  #engine: DirectEngine
  #queue = ''
  #now = 1_700_000_000_000
  #sent = 0

  constructor(isFifo: boolean, file: string) {
    this.#isFifo = isFifo
    this.#file = file
    this.#reference = new ReferenceQueue(isFifo)
    this.#engine = this.#open()
  }

  async run(steps: readonly Step[]): Promise<void> {
    const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' }
    this.#queue = await this.#engine.createQueue(this.#isFifo ? 'q.fifo' : 'q', this.#isFifo ? fifo : {})
    for (const next of steps) {
      await this.#take(next)
      expect(await this.#engine.counts(this.#queue)).toEqual(this.#reference.counts(this.#now))
    }
  }

  close(): void {
    this.#engine.engine.close()
  }

  #open(): DirectEngine {
    return new DirectEngine({ file: this.#file, now: () => this.#now })
  }

  async #take(next: Step): Promise<void> {
    if (next.do === 'send') return await this.#send(`g${next.group}`, this.#isFifo ? 0 : (next.delay ?? 0))
    if (next.do === 'receive') return await this.#receive(next.max ?? 1)
    if (next.do === 'delete') return await this.#delete(next.pick ?? 0)
    if (next.do === 'change') return await this.#changeVisibility(next.pick ?? 0, next.seconds ?? 0)
    if (next.do === 'advance') {
      this.#now += next.ms ?? 0
      return
    }
    this.close()
    this.#engine = this.#open()
  }

  async #send(group: string, delaySeconds: number): Promise<void> {
    this.#sent += 1
    const body = `m${this.#sent}`
    const more = this.#isFifo ? { MessageGroupId: group } : { DelaySeconds: delaySeconds }
    const { status } = await this.#engine.send(this.#queue, body, more)
    expect(status).toBe(200)
    this.#reference.send(body, group, this.#now + delaySeconds * 1000)
  }

  async #receive(max: number): Promise<void> {
    const expected = this.#reference.countReceivable(this.#now, max)
    const messages = await this.#engine.receive(this.#queue, { MaxNumberOfMessages: max, AttributeNames: ['All'] })
    const bodies = messages.map((message) => message.Body)
    const receives = this.#reference.receive(bodies, this.#now + VISIBILITY_MS, this.#now)
    expect(messages).toHaveLength(expected)
    expect(messages.map((message) => Number(message.Attributes.ApproximateReceiveCount))).toEqual(receives)
    messages.forEach((message, i) => {
      this.#handles.push({ body: message.Body, receive: receives[i] ?? 0, handle: message.ReceiptHandle })
    })
  }

  async #delete(pick: number): Promise<void> {
    const picked = this.#handles[pick % Math.max(1, this.#handles.length)]
    if (picked === undefined) return
    const { body, receive, handle } = picked
    const mayDelete = !this.#isFifo || !this.#reference.has(body) || this.#reference.isHeld(body, receive, this.#now)
    const { status } = await this.#engine.call('DeleteMessage', { QueueUrl: this.#queue, ReceiptHandle: handle })
    expect(status).toBe(mayDelete ? 200 : 400)
    if (mayDelete) this.#reference.delete(body)
  }

  async #changeVisibility(pick: number, seconds: number): Promise<void> {
    const picked = this.#handles[pick % Math.max(1, this.#handles.length)]
    if (picked === undefined) return
    const isHeld = this.#reference.isHeld(picked.body, picked.receive, this.#now)
    const input = { QueueUrl: this.#queue, ReceiptHandle: picked.handle, VisibilityTimeout: seconds }
    const { status } = await this.#engine.call('ChangeMessageVisibility', input)
    expect(status).toBe(isHeld ? 200 : 400)
    if (isHeld) this.#reference.setVisibleAt(picked.body, this.#now + seconds * 1000)
  }
}

describe('the SQS engine beside a reference model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-sqs-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  let files = 0

  async function check(isFifo: boolean): Promise<void> {
    const steps = fc.array(step, { minLength: 10, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        files += 1
        const comparison = new Comparison(isFifo, join(folder, `${files}.sqlite`))
        try {
          await comparison.run(taken)
        } finally {
          comparison.close()
        }
      }),
      { numRuns: 60 },
    )
  }

  it('a standard queue loses nothing, shows nothing hidden and counts right, across restarts', async () => {
    await check(false)
  }, 60_000)

  it('a FIFO queue keeps the order and the locks of its groups as well, across restarts', async () => {
    await check(true)
  }, 60_000)
})
