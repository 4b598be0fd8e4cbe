import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DirectEngine } from '../../local/sqs/direct-engine.ts'
import { SimWorld } from '../../support/sim-world.ts'
import { SimSqsError } from './sim-message.ts'
import { STRICT } from './sim-queue.ts'
import { SimSqs, type SqsObserver } from './sim-sqs.ts'
import { toMessage } from './sqs-link.ts'

const nobody = () => undefined
const OBSERVER: SqsObserver = {
  arrived: nobody,
  received: nobody,
  hidden: nobody,
  deleted: nobody,
  queueDeleted: nobody,
}

/** So few that a receive of ten takes all of them: which of more SQS takes is its own matter. */
const MAX_SENDS = 10
const MAX_RECEIVE_COUNT = 3

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('send' as const), group: fc.nat(2), id: fc.nat(12), delayS: fc.nat(20) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('receive' as const), visibilityS: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), pick: fc.nat(), visibilityS: fc.nat(60) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 400_000 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Takes the same steps on the simulated SQS and on the embedded one, which passes the conformance suite. */
class Comparison {
  readonly #world = new SimWorld(1)
  readonly #sim = new SimSqs(this.#world, 'arn:aws:sqs:us-east-1:000000000000:', () => STRICT, OBSERVER)
  readonly #engine = new DirectEngine({ file: ':memory:', now: () => this.#sim.nowMs })
  readonly #isFifo: boolean
  readonly #handles: { readonly sim: string; readonly engine: string }[] = []
  readonly #urls: string[] = []
  #sends = 0

  constructor(isFifo: boolean) {
    this.#isFifo = isFifo
  }

  get #names(): readonly [string, string] {
    return this.#isFifo ? ['q.fifo', 'dead.fifo'] : ['q', 'dead']
  }

  async run(steps: readonly Step[]): Promise<void> {
    const [queue, dead] = this.#names
    const fifo = { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
    const common: Record<string, string> = this.#isFifo ? fifo : {}
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead}`
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: MAX_RECEIVE_COUNT })
    for (const [name, attributes] of [
      [dead, common],
      [queue, { ...common, RedrivePolicy }],
    ] as const) {
      this.#sim.create(name, attributes)
      this.#urls.unshift(await this.#engine.createQueue(name, attributes))
    }
    try {
      for (const next of steps) {
        await this.#take(next)
        expect(this.#names.map((name) => [...this.#sim.require(name).counts(this.#sim.nowMs)])).toEqual([
          await this.#engine.counts(this.#urls[0] ?? ''),
          await this.#engine.counts(this.#urls[1] ?? ''),
        ])
      }
    } finally {
      this.#engine.engine.close()
    }
  }

  async #take(next: Step): Promise<void> {
    if (next.do === 'send') await this.#send(next.group, next.id, next.delayS)
    else if (next.do === 'receive') await this.#receive(next.visibilityS)
    else if (next.do === 'advance') this.#world.nowMs += next.ms
    else await this.#settle(next)
  }

  async #send(group: number, id: number, delay: number): Promise<void> {
    if (this.#sends === MAX_SENDS) return
    this.#sends += 1
    const body = `m${this.#sends}`
    const fifo = { groupId: `g${group}`, deduplicationId: `${id}` }
    this.#sim.send(this.#names[0], { body, attributes: {}, ...(this.#isFifo ? fifo : { delayS: delay }) })
    const more = { MessageGroupId: fifo.groupId, MessageDeduplicationId: fifo.deduplicationId }
    await this.#engine.send(this.#urls[0] ?? '', body, this.#isFifo ? more : { DelaySeconds: delay })
  }

  /** From the dead-letter queue as well, where nothing is hidden from it by a policy. */
  async #receive(visibilityS: number): Promise<void> {
    for (const [index, name] of this.#names.entries()) {
      const received = this.#sim.receive(name, { max: 10, visibilityS, isFull: true }).map(toMessage)
      const input = { VisibilityTimeout: visibilityS, AttributeNames: ['All'] }
      const messages = await this.#engine.receive(this.#urls[index] ?? '', input)
      expect(received.map(seen).sort()).toEqual(messages.map(seen).sort())
      if (this.#isFifo)
        for (const group of ['g0', 'g1', 'g2']) expect(inGroup(received, group)).toEqual(inGroup(messages, group))
      for (const { Body, ReceiptHandle = '' } of received) {
        const engine = messages.find((message) => message.Body === Body)?.ReceiptHandle ?? ''
        if (index === 0) this.#handles.push({ sim: ReceiptHandle, engine })
      }
    }
  }

  async #settle(next: Step & { readonly do: 'delete' | 'change' }): Promise<void> {
    const picked = this.#handles[next.pick % Math.max(1, this.#handles.length)]
    if (picked === undefined) return
    const input = { QueueUrl: this.#urls[0], ReceiptHandle: picked.engine }
    const { status } =
      next.do === 'delete'
        ? await this.#engine.call('DeleteMessage', input)
        : await this.#engine.call('ChangeMessageVisibility', { ...input, VisibilityTimeout: next.visibilityS })
    const isDone = succeeds(() => {
      if (next.do === 'delete') this.#sim.deleteMessage(this.#names[0], picked.sim)
      else this.#sim.changeVisibility(this.#names[0], picked.sim, next.visibilityS)
    })
    expect(isDone).toBe(status === 200)
  }
}

interface Seen {
  readonly Body?: string | undefined
  readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined
}

const seen = ({ Body, Attributes = {} }: Seen): string =>
  [Body, Attributes.ApproximateReceiveCount, Attributes.SentTimestamp, Attributes.DeadLetterQueueSourceArn].join(' ')

const inGroup = (messages: readonly Seen[], group: string) =>
  messages.filter(({ Attributes }) => Attributes?.MessageGroupId === group).map(({ Body }) => Body)

function succeeds(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof SimSqsError) return false
    throw error
  }
}

describe('the simulated SQS beside the embedded one', () => {
  it.each([
    ['standard', false],
    ['FIFO', true],
  ])('does the same with a %s queue that redrives', { timeout: 60_000 }, async (_type, isFifo) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => new Comparison(isFifo).run(steps)),
      { numRuns: 100 },
    )
  })
})
