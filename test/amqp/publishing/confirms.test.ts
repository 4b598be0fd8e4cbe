import fc from 'fast-check'
import { expect, test } from 'vitest'
import { confirmsOf } from '../../../lib/amqp/publishing/confirms.ts'

test('confirms say of every publish once what became of it, in as few words as there are changes', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), fc.integer({ min: 1, max: 1000 }), (outcomes, first) => {
      const confirmed = outcomes.map((isStored, index) => ({ sequence: first + index, isStored }))
      const confirms = confirmsOf(confirmed)
      const heard = new Map<number, boolean>()
      for (const { name, deliveryTag, multiple } of confirms) {
        for (const { sequence } of confirmed) {
          const isMeant = multiple ? sequence <= deliveryTag : sequence === deliveryTag
          if (isMeant && !heard.has(sequence)) heard.set(sequence, name === 'basic.ack')
        }
      }
      expect([...heard.entries()]).toEqual(confirmed.map(({ sequence, isStored }) => [sequence, isStored]))
      const changes = outcomes.filter((outcome, index) => index === 0 || outcome !== outcomes[index - 1])
      expect(confirms.length).toBe(changes.length)
    }),
  )
})
