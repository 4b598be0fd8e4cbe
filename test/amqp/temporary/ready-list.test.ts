import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Aged, ReadyList } from '../../../lib/amqp/temporary/ready-list.ts'

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('arrive' as const), priority: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.constant({ type: 'shift' } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'drop' } as const) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('return' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), odd: fc.boolean() }) },
)

const inOrder = (one: Aged, other: Aged): number => other.priority - one.priority || one.sequence - other.sequence

test('what is ready is handed out by priority and age, and what comes back takes its old place', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const list = new ReadyList<Aged>()
      let naive: Aged[] = []
      const held: Aged[] = []
      let sequence = 0
      const add = (item: Aged): void => {
        list.add(item)
        naive = [...naive, item].sort(inOrder)
      }
      for (const one of steps) {
        if (one.type === 'arrive') {
          sequence += 1
          add({ priority: one.priority, sequence })
        } else if (one.type === 'shift') {
          const taken = list.shift()
          expect(taken).toEqual(naive.shift())
          if (taken) held.push(taken)
        } else if (one.type === 'drop') {
          const lowest = Math.min(...naive.map(({ priority }) => priority))
          const place = naive.findIndex(({ priority }) => priority === lowest)
          expect(list.drop()).toEqual(place < 0 ? undefined : naive.splice(place, 1)[0])
        } else if (one.type === 'return') {
          const [item] = held.splice(one.which % Math.max(1, held.length), 1)
          if (item) add(item)
        } else {
          const isRemoved = (item: Aged) => (item.sequence % 2 === 1) === one.odd
          expect([...list.removeWhere(isRemoved)].sort(inOrder)).toEqual(naive.filter(isRemoved))
          naive = naive.filter((item) => !isRemoved(item))
        }
        expect(list.size).toBe(naive.length)
        expect([...list].sort(inOrder)).toEqual(naive)
      }
    }),
  )
})
