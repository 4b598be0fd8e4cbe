import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Settler } from '../../../lib/amqp/consuming/settler.ts'

test('what is settled in one turn, or while a call is under way, is settled together and in order', async () => {
  const calls: string[][] = []
  const gates: PromiseWithResolvers<readonly boolean[]>[] = []
  const settler = new Settler<string>((entries) => {
    calls.push(entries.map(({ delivery, settlement }) => `${settlement} ${delivery}`))
    const gate = Promise.withResolvers<readonly boolean[]>()
    gates.push(gate)
    return gate.promise
  })
  const first = settler.settle(['a'], 'ack')
  const second = settler.settle(['b', 'c'], 'reject')
  await turn()
  const third = settler.settle(['d'], 'requeue')
  await turn()
  expect(calls).toEqual([['ack a', 'reject b', 'reject c']])
  gates[0]?.resolve([true, true, false])
  expect([await first, await second]).toEqual([[true], [true, false]])
  await turn()
  expect(calls[1]).toEqual(['requeue d'])
  gates[1]?.reject(new Error('no SQS'))
  expect(await third).toEqual([false])
  await settler.idle
})
