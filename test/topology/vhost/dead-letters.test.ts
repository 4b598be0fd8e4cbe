import { expect, test } from 'vitest'
import { decideVhost } from '../../../lib/topology/vhost/decide.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import { declareQueue, deleteQueue, openVhost, run } from './vhosts.ts'

test('a queue is given one place for its dead letters, and keeps it until it is deleted', () => {
  const state = openVhost()
  run(state, declareQueue('q'))
  const id = state.queueByName('q')?.id ?? ''
  const open = (name: string) => ({ type: 'open-dead-letters', id, sqsQueue: { name } }) as const
  expect(run(state, open('first'))).toEqual([
    { type: 'dead-letters-opened', id, name: 'q', sqsQueue: { name: 'first' } },
  ])
  expect(run(state, open('second'))).toEqual([])
  expect(state.queueByName('q')?.deadLetters).toEqual({ name: 'first' })
  expect(vhostMachine.restore(vhostMachine.snapshot(state)).queueById(id)?.deadLetters).toEqual({ name: 'first' })
  run(state, deleteQueue('q'))
  expect(decideVhost(state, open('third'))).toEqual([])
})
