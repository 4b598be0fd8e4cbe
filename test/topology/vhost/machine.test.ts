import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AmqpValue } from '../../../lib/model/amqp-value.ts'
import { BrokerError } from '../../../lib/model/errors.ts'
import { fromStored, toStored } from '../../../lib/model/json.ts'
import { decideVhost, type VhostCommand } from '../../../lib/topology/vhost/decide.ts'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { isRepeatable, vhostCommand } from './vhost-commands.ts'
import { autoDeletedIds, checkInvariants } from './vhost-invariants.ts'
import { snapshotText, vhostOpened } from './vhosts.ts'

const commands = fc.array(vhostCommand, { maxLength: 40, size: 'max' })

/** A value as a journal gives it back. */
const throughJournal = <T>(value: T): T =>
  fromStored(JSON.parse(JSON.stringify(toStored(value as unknown as AmqpValue)))) as unknown as T

/** The events of a command, or `refused`. */
function decideOrRefuse(state: VhostState, command: VhostCommand): VhostEvent[] | 'refused' {
  try {
    return decideVhost(state, command)
  } catch (error) {
    if (error instanceof BrokerError) return 'refused'
    throw error
  }
}

interface Step {
  readonly command: VhostCommand
  /** The state before the command, which stays as it was while it is decided. */
  readonly state: VhostState
  readonly events: readonly VhostEvent[] | 'refused'
  /** What the state was before the command was decided. */
  readonly before: string
}

/**
 * Runs commands on a vhost from its creation; `afterDeciding` sees each before its events are applied, `afterApplying`
 * after that. Returns the last state and all events.
 */
function runAll(
  makers: readonly (() => VhostCommand)[],
  check: { afterDeciding?: (step: Step) => void; afterApplying?: (step: Step) => void } = {},
): { state: VhostState; log: VhostEvent[] } {
  const state = vhostMachine.initial()
  const log = [vhostOpened()]
  for (const event of log) vhostMachine.apply(state, event)
  for (const make of makers) {
    const before = snapshotText(state)
    const command = make()
    const step = { command, state, before, events: decideOrRefuse(state, command) }
    check.afterDeciding?.(step)
    for (const event of step.events === 'refused' ? [] : step.events) {
      vhostMachine.apply(state, event)
      log.push(event)
    }
    check.afterApplying?.(step)
  }
  return { state, log }
}

const always = (property: (makers: (() => VhostCommand)[]) => void): void =>
  fc.assert(fc.property(commands, property), { numRuns: 150 })

describe('the state machine of a vhost', () => {
  it('keeps its invariants, whatever is commanded', () => {
    always((makers) => void runAll(makers, { afterApplying: ({ state }) => checkInvariants(state) }))
  })

  it('changes nothing while it decides, refused or not', () => {
    always((makers) => {
      runAll(makers, { afterDeciding: ({ state, before }) => expect(snapshotText(state)).toBe(before) })
    })
  })

  it('leaves everything as it was when it refuses a command', () => {
    always((makers) => {
      runAll(makers, {
        afterApplying: ({ state, before, events }) => {
          if (events === 'refused') expect(snapshotText(state)).toBe(before)
        },
      })
    })
  })

  it('answers a repeated command with no events', () => {
    always((makers) => {
      runAll(makers, {
        afterApplying: ({ state, command, events }) => {
          if (events !== 'refused' && isRepeatable(command)) expect(decideVhost(state, command)).toEqual([])
        },
      })
    })
  })

  it('comes to the same state when its journal is replayed', () => {
    always((makers) => {
      const { state, log } = runAll(makers)
      const replayed = vhostMachine.initial()
      for (const event of log) vhostMachine.apply(replayed, throughJournal(event))
      expect(snapshotText(replayed)).toBe(snapshotText(state))
      checkInvariants(replayed)
    })
  })

  it('makes events that a journal gives back as they were', () => {
    always((makers) => {
      for (const event of runAll(makers).log) expect(throughJournal(event)).toEqual(event)
    })
  })

  it('is the same when it is restored from its snapshot, and goes on the same', () => {
    fc.assert(
      fc.property(commands, commands, (makers, more) => {
        const { state } = runAll(makers)
        const restored = vhostMachine.restore(throughJournal(vhostMachine.snapshot(state)))
        expect(snapshotText(restored)).toBe(snapshotText(state))
        checkInvariants(restored)
        for (const command of more.map((make) => make())) {
          const events = decideOrRefuse(state, command)
          expect(sorted(decideOrRefuse(restored, command))).toEqual(sorted(events))
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

  it('gives a re-created name a new id and none of the old bindings', () => {
    always((makers) => {
      const used = new Set<string>()
      runAll(makers, {
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

  it('deletes exactly the auto-delete exchanges that a look at everything would', () => {
    let cascades = 0
    always((makers) => {
      runAll(makers, {
        afterDeciding: ({ state, events }) => {
          const [first, ...others] = events === 'refused' ? [] : events
          if (!first || !isRemoval(first)) return
          const expected = autoDeletedIds(vhostMachine.restore(vhostMachine.snapshot(state)), first)
          expect(others.map((event) => event.type === 'exchange-deleted' && event.id).sort()).toEqual(
            [...expected].sort(),
          )
          if (expected.size > 1) cascades += 1
        },
      })
    })
    expect(cascades).toBeGreaterThan(10)
  })

  it('is driven by commands of every kind, refused and not', () => {
    const seen = new Set<string>()
    always((makers) => {
      runAll(makers, {
        afterDeciding: ({ command, events }) =>
          seen.add(`${command.type} ${events === 'refused' ? 'refused' : 'decided'}`),
      })
    })
    const kinds = ['declare-exchange', 'delete-exchange', 'declare-queue', 'delete-queue', 'bind', 'unbind', 'import']
    expect([...seen]).toEqual(expect.arrayContaining(kinds.flatMap((kind) => [`${kind} refused`, `${kind} decided`])))
  })
})

const isRemoval = ({ type }: VhostEvent): boolean =>
  type === 'unbound' || type === 'queue-deleted' || type === 'exchange-deleted'

/** Events regardless of order: which of the exchanges that go together comes first means nothing. */
const sorted = (events: readonly VhostEvent[] | 'refused'): unknown =>
  events === 'refused' ? events : events.map((event) => JSON.stringify(throughStored(event))).sort()

const throughStored = (event: VhostEvent): unknown => toStored(event as unknown as AmqpValue)

function declaredNode(state: VhostState, event: VhostEvent): { id: string; bindings: number } | undefined {
  if (event.type === 'queue-declared') {
    return { id: event.queue.id, bindings: state.queueNodeByName(event.queue.name)?.incoming.size ?? -1 }
  }
  if (event.type !== 'exchange-declared') return undefined
  const node = state.exchangeByName(event.exchange.name)
  return { id: event.exchange.id, bindings: node ? node.incoming.size + node.outgoing.size : -1 }
}
