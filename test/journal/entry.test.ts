import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from '../../lib/journal/entry.ts'
import type { JournalEvent, StateMachine } from '../../lib/journal/machine.ts'
import { type AmqpTable, Typed } from '../../lib/model/amqp-value.ts'
import { wordMachine } from '../support/sim-machine.ts'

interface Declared extends JournalEvent {
  readonly type: 'declared'
  readonly arguments: AmqpTable
  readonly alternate?: string | undefined
}

const machine: StateMachine<null, Declared> = {
  format: 3,
  initial: () => null,
  apply: () => {},
  snapshot: () => null,
  restore: () => null,
}

const entryOf = (events: Declared[], format = 3) =>
  encodeEntry('v1', { version: 7, format, commitId: 'c', who: 'guest', when: '2026-01-02T03:04:05.678Z', events })

describe('an entry', () => {
  it('keeps the AMQP types of what its events hold', () => {
    const declared: Declared = {
      type: 'declared',
      arguments: {
        whole: 1,
        double: new Typed('double', 1),
        long: new Typed('int64', 2n ** 60n),
        bytes: new Typed('bytes', Buffer.from([0, 255])),
        nested: { $type: 'not a type', list: [null, true, 'x'] },
      },
    }
    expect(decodeEntry(machine, entryOf([declared])).events).toEqual([declared])
  })

  it('drops fields that are undefined, so that a replayed event is the event that was applied', () => {
    const [event] = decodeEntry(machine, entryOf([{ type: 'declared', arguments: {}, alternate: undefined }])).events
    expect(Object.keys(event ?? {})).toEqual(['type', 'arguments'])
  })

  it('is readable as it is kept', () => {
    const stored = entryOf([{ type: 'declared', arguments: { 'x-expires': 1000 } }])
    expect(stored.eventsJson).toBe('[{"type":"declared","arguments":{"x-expires":1000}}]')
  })

  it('of an older format is decoded, of a newer one refused', () => {
    expect(decodeEntry(machine, entryOf([], 2)).events).toEqual([])
    expect(() => decodeEntry(machine, entryOf([], 4))).toThrow(/newer release \(format 4\)/)
    expect(() => decodeEntry(wordMachine, entryOf([], 2))).toThrow(/newer release \(format 2\)/)
  })
})
