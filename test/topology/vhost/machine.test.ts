import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AmqpValue } from '../../../lib/model/amqp-value.ts'
import { toStored } from '../../../lib/model/json.ts'
import { decideVhost } from '../../../lib/topology/vhost/decide.ts'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { always, decideOrRefuse, runAll, throughJournal } from '../machine-runs.ts'
import { isRepeatable, vhostCommands } from './vhost-commands.ts'
import { checkInvariants } from './vhost-invariants.ts'
import { bind, declareExchange, declareQueue, snapshotText, toQueue, vhostAfter, vhostOpened } from './vhosts.ts'

const vhost = { machine: vhostMachine, decide: decideVhost, firstEvents: () => [vhostOpened()] }

describe('the state machine of a vhost', () => {
  it('keeps its invariants, whatever is commanded', () => {
    always(
      vhostCommands,
      (makers) => void runAll(vhost, makers, { afterApplying: ({ state }) => checkInvariants(state) }),
    )
  })

  it('changes nothing while it decides, refused or not', () => {
    always(vhostCommands, (makers) => {
      runAll(vhost, makers, { afterDeciding: ({ state, before }) => expect(snapshotText(state)).toBe(before) })
    })
  })

  it('leaves everything as it was when it refuses a command', () => {
    always(vhostCommands, (makers) => {
      runAll(vhost, makers, {
        afterApplying: ({ state, before, events }) => {
          if (events === 'refused') expect(snapshotText(state)).toBe(before)
        },
      })
    })
  })

  it('answers a repeated command with no events', () => {
    always(vhostCommands, (makers) => {
      runAll(vhost, makers, {
        afterApplying: ({ state, command, events }) => {
          if (events !== 'refused' && isRepeatable(command)) expect(decideVhost(state, command)).toEqual([])
        },
      })
    })
  })

  it('comes to the same state when its journal is replayed', () => {
    always(vhostCommands, (makers) => {
      const { state, log } = runAll(vhost, makers)
      const replayed = vhostMachine.initial()
      for (const event of log) vhostMachine.apply(replayed, throughJournal(event))
      expect(snapshotText(replayed)).toBe(snapshotText(state))
      checkInvariants(replayed)
    })
  })

  it('makes events that a journal gives back as they were', () => {
    always(vhostCommands, (makers) => {
      for (const event of runAll(vhost, makers).log) expect(throughJournal(event)).toEqual(event)
    })
  })

  it('is the same when it is restored from its snapshot, and goes on the same', () => {
    fc.assert(
      fc.property(vhostCommands, vhostCommands, (makers, more) => {
        const { state } = runAll(vhost, makers)
        const restored = vhostMachine.restore(throughJournal(vhostMachine.snapshot(state)))
        expect(snapshotText(restored)).toBe(snapshotText(state))
        checkInvariants(restored)
        for (const make of more) {
          const command = make(state)
          const events = decideOrRefuse(vhost, state, command)
          expect(sorted(decideOrRefuse(vhost, restored, command))).toEqual(sorted(events))
          for (const event of events === 'refused' ? [] : events) {
            vhostMachine.apply(state, event)
            vhostMachine.apply(restored, event)
          }
        }
        expect(snapshotText(restored)).toBe(snapshotText(state))
      }),
      { numRuns: 100 },
    )
  })

  it('takes a binding once, however often its journal has it, and none that has lost an end', () => {
    const state = vhostAfter(declareExchange('x'), declareQueue('q'), bind(toQueue('x', 'q')))
    const before = snapshotText(state)
    const [binding] = state.bindings()
    if (!binding) throw new Error('the queue is bound')
    vhostMachine.apply(state, { type: 'bound', binding })
    vhostMachine.apply(state, { type: 'bound', binding: { ...binding, sourceId: 'gone' } })
    vhostMachine.apply(state, { type: 'bound', binding: { ...binding, destination: { type: 'exchange', id: 'gone' } } })
    expect(snapshotText(state)).toBe(before)
    checkInvariants(state)
  })

  it('gives a re-created name a new id and none of the old bindings', () => {
    always(vhostCommands, (makers) => {
      const used = new Set<string>()
      runAll(vhost, makers, {
        afterApplying: ({ state, events }) => {
          for (const event of events === 'refused' ? [] : events) {
            const node = declaredNode(state, event)
            if (!node) continue
            expect(used).not.toContain(node.id)
            used.add(node.id)
            expect(node.bindings).toBe(0)
          }
        },
      })
    })
  })

  it('is driven by commands of every kind, refused and not', () => {
    const seen = new Set<string>()
    always(vhostCommands, (makers) => {
      runAll(vhost, makers, {
        afterDeciding: ({ command, events }) =>
          seen.add(`${command.type} ${events === 'refused' ? 'refused' : 'decided'}`),
      })
    })
    const kinds = ['declare-exchange', 'delete-exchange', 'declare-queue', 'delete-queue', 'bind', 'unbind', 'import']
    expect([...seen]).toEqual(expect.arrayContaining(kinds.flatMap((kind) => [`${kind} refused`, `${kind} decided`])))
  })
})

/** Events regardless of order: which of the exchanges that go together comes first means nothing. */
const sorted = (events: readonly VhostEvent[] | 'refused'): unknown =>
  events === 'refused' ? events : events.map((event) => JSON.stringify(toStored(event as unknown as AmqpValue))).sort()

function declaredNode(state: VhostState, event: VhostEvent): { id: string; bindings: number } | undefined {
  if (event.type === 'queue-declared') {
    return { id: event.queue.id, bindings: state.queueNodeByName(event.queue.name)?.incoming.size ?? -1 }
  }
  if (event.type !== 'exchange-declared') return undefined
  const node = state.exchangeByName(event.exchange.name)
  return { id: event.exchange.id, bindings: node ? node.incoming.size + node.outgoing.size : -1 }
}
