import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Requests } from '../../../lib/amqp/channel/requests.ts'
import type { Answer } from '../../../lib/amqp/methods/outcome.ts'

function requestsOf() {
  const log: string[] = []
  const held = { bytes: 0 }
  const requests = new Requests({
    onHeldBytes: (change) => {
      held.bytes += change
    },
    onError: (thrown) => {
      log.push(`error ${(thrown as Error).message}`)
      requests.stop()
    },
  })
  const push = (name: string, outcome: Answer | undefined | Promise<Answer | undefined>): void =>
    requests.push(
      undefined,
      () => {
        log.push(`run ${name}`)
        return outcome
      },
      () => log.push(`answer ${name}`),
    )
  return { requests, log, held, push }
}

test('requests run one behind the other, and at once where nothing is under way', async () => {
  const { log, held, push, requests } = requestsOf()
  const slow = Promise.withResolvers<Answer>()
  push('a', {})
  push('b', slow.promise)
  push('c', {})
  expect(log).toEqual(['run a', 'answer a', 'run b'])
  expect(held.bytes).toBeGreaterThan(0)
  slow.resolve({})
  await requests.idle
  expect(log).toEqual(['run a', 'answer a', 'run b', 'answer b', 'run c', 'answer c'])
  expect(held.bytes).toBe(0)
})

test('an answer that has to wait holds up those behind it, but not what they do', async () => {
  const { log, push, requests } = requestsOf()
  const settled = Promise.withResolvers<void>()
  push('a', { settled: settled.promise })
  push('b', {})
  await turn()
  expect(log).toEqual(['run a', 'run b'])
  settled.resolve()
  await requests.idle
  expect(log).toEqual(['run a', 'run b', 'answer a', 'answer b'])
})

test('behind a request that failed none is run', async () => {
  const { log, held, push, requests } = requestsOf()
  push('a', Promise.reject(new Error('no')))
  push('b', {})
  await requests.idle
  expect(log).toEqual(['run a', 'error no'])
  expect(held.bytes).toBe(0)
})
