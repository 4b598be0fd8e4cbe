import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openDatabase } from '../../../lib/local/sqs/database.ts'
import { FifoGroups } from '../../../lib/local/sqs/fifo-groups.ts'
import { MessageNumbers } from '../../../lib/local/sqs/message-numbers.ts'
import { MessageStore } from '../../../lib/local/sqs/message-store.ts'
import { QueueRegistry } from '../../../lib/local/sqs/queue-registry.ts'

const RETENTION_MS = 60
/** More than a case has messages, and fewer. */
const LIMITS = [1000, 2]

interface Kept {
  readonly sentMs: number
  readonly visibleMs: number
  readonly isReceived: boolean
}

const step = fc.oneof(
  fc.record({ type: fc.constant('send' as const), delayMs: fc.constantFrom(0, 0, 30, 200) }),
  fc.record({ type: fc.constant('move in' as const), ageMs: fc.nat(100) }),
  fc.record({ type: fc.constantFrom('receive' as const, 'hide' as const), which: fc.nat(20), forMs: fc.nat(120) }),
  fc.record({ type: fc.constantFrom('expire' as const, 'count' as const), limit: fc.constantFrom(...LIMITS) }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.nat(50) }),
)
/** Some steps are one transaction, which is undone or not. */
const turn = fc.record({ steps: fc.array(step, { maxLength: 6 }), isUndone: fc.boolean() })

test('the store removes what is older than the retention, and counts, as one that looks at every message', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 10 }), (turns) => {
      const database = openDatabase(':memory:')
      const queues = new QueueRegistry(database, { accountId: '000000000000', region: 'us-east-1' })
      const queue = queues.create('queue', {}, {}, 0)
      const numbers = new MessageNumbers(database)
      const store = new MessageStore(database, new FifoGroups(database), numbers)
      let nowMs = 1000
      let kept = new Map<number, Kept>()
      for (const { steps, isUndone } of turns) {
        const before = new Map(kept)
        database.exec('BEGIN')
        for (const asked of steps) {
          switch (asked.type) {
            case 'send':
              place(nowMs, nowMs + asked.delayMs)
              break
            case 'move in':
              place(nowMs - asked.ageMs, nowMs)
              break
            case 'receive':
            case 'hide':
              change(asked.which, nowMs + asked.forMs, asked.type === 'receive')
              break
            case 'expire':
              expire(asked.limit)
              break
            case 'count':
              expect(store.count(queue, nowMs)).toEqual(countOf())
              break
            case 'pass':
              nowMs += asked.ms
          }
        }
        database.exec(isUndone ? 'ROLLBACK' : 'COMMIT')
        if (!isUndone) continue
        kept = before
        numbers.reload()
        store.forget()
      }
      expect(store.count(queue, nowMs)).toEqual(countOf())
      database.close()

      function place(sentMs: number, visibleMs: number): void {
        const seq = store.place(queue, { groupId: null, sentAt: sentMs, visibleAt: visibleMs })
        kept.set(seq, { sentMs, visibleMs, isReceived: false })
      }

      function change(which: number, visibleMs: number, isReceive: boolean): void {
        const [seq, message] = [...kept][which % Math.max(kept.size, 1)] ?? []
        if (seq === undefined || message === undefined) return
        const row = store.find(queue, seq)
        if (!row) expect.fail(`${seq} is missing`)
        if (isReceive) store.markReceived(seq, visibleMs, nowMs)
        else store.setVisibility(queue, row, visibleMs)
        kept.set(seq, { ...message, visibleMs, isReceived: message.isReceived || isReceive })
      }

      function expire(limit: number): void {
        const old = [...kept].filter(([, { sentMs }]) => sentMs <= nowMs - RETENTION_MS).map(([seq]) => seq)
        expect(store.removeExpired(queue, nowMs - RETENTION_MS, limit)).toBe(Math.min(old.length, limit))
        for (const seq of old) if (!store.find(queue, seq)) kept.delete(seq)
        const left = [...kept.keys()].filter((seq) => !store.find(queue, seq))
        expect(left).toEqual([])
      }

      function countOf() {
        const hidden = [...kept.values()].filter(({ visibleMs }) => visibleMs > nowMs)
        const inFlight = hidden.filter(({ isReceived }) => isReceived).length
        return { visible: kept.size - hidden.length, inFlight, delayed: hidden.length - inFlight }
      }
    }),
    { numRuns: 500 },
  )
})
