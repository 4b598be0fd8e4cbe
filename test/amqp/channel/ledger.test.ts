import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, type Outstanding } from '../../../lib/amqp/channel/ledger.ts'

const entry = (tag: number): Outstanding => ({ tag, deliveredAtMs: tag }) as unknown as Outstanding

/** What the ledger is to do, told without its order of things. */
class NaiveLedger {
  #tags: number[] = []

  add(tag: number): void {
    this.#tags.push(tag)
  }

  take(tag: number, multiple: boolean): number[] | undefined {
    const isTaken = (one: number) => (multiple ? tag === 0 || one <= tag : one === tag)
    if (!(multiple && tag === 0) && !this.#tags.includes(tag)) return undefined
    const taken = this.#tags.filter(isTaken)
    this.#tags = this.#tags.filter((one) => !isTaken(one))
    return taken
  }

  putBack(tags: readonly number[]): void {
    this.#tags = [...this.#tags, ...tags].sort((one, other) => one - other)
  }

  get tags(): readonly number[] {
    return this.#tags
  }
}

const step = fc.oneof(
  fc.constant({ type: 'deliver' } as const),
  fc.record({ type: fc.constant('take' as const), tag: fc.nat(12), multiple: fc.boolean(), isUndone: fc.boolean() }),
)

describe('the ledger of a channel', () => {
  test('takes out what a tag stands for, and puts back what a rollback returns', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [ledger, naive] = [new Ledger(), new NaiveLedger()]
        for (const one of steps) {
          if (one.type === 'deliver') {
            const tag = ledger.newTag()
            ledger.add(entry(tag))
            naive.add(tag)
            continue
          }
          const taken = ledger.take(one.tag, one.multiple)
          const expected = naive.take(one.tag, one.multiple)
          expect(taken?.map(({ tag }) => tag)).toEqual(expected)
          if (!one.isUndone || taken === undefined) continue
          ledger.putBack(taken)
          naive.putBack(expected ?? [])
        }
        expect(ledger.size).toBe(naive.tags.length)
        expect(ledger.oldest?.tag).toBe(naive.tags[0])
        expect(ledger.takeAll().map(({ tag }) => tag)).toEqual(naive.tags)
      }),
    )
  })

  test('counts every delivery, also one that is never to be settled', () => {
    const ledger = new Ledger()
    expect([ledger.newTag(), ledger.newTag()]).toEqual([1, 2])
    expect(ledger.take(1, false)).toBeUndefined()
    expect(ledger.take(0, true)).toEqual([])
  })
})
