import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openDatabase } from '../../../lib/local/sqs/database.ts'
import { MessageNumbers } from '../../../lib/local/sqs/message-numbers.ts'

const step = fc.oneof(
  fc.record({ type: fc.constantFrom('commit' as const, 'undo' as const), count: fc.nat(25_000) }),
  fc.constant({ type: 'restart' as const, count: 0 }),
)

test('numbers of messages rise, and none comes twice, over transactions that are undone and restarts', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const database = openDatabase(':memory:')
      let numbers = new MessageNumbers(database)
      let last = numbers.last
      for (const { type, count } of steps) {
        if (type === 'restart') {
          numbers = new MessageNumbers(database)
          continue
        }
        database.exec('BEGIN')
        let taken = last
        for (let left = count; left > 0; left -= 1) {
          const next = numbers.next()
          if (next <= taken) expect.fail(`${next} after ${taken}`)
          taken = next
        }
        database.exec(type === 'commit' ? 'COMMIT' : 'ROLLBACK')
        // Nobody has ever heard of those that are undone.
        if (type === 'undo') numbers.reload()
        else last = taken
      }
      database.close()
    }),
    { numRuns: 40 },
  )
})
