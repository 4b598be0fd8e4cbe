import fc from 'fast-check'
import type { JournalEvent, StateMachine } from '../../lib/journal/machine.ts'
import type { AmqpValue } from '../../lib/model/amqp-value.ts'
import { BrokerError } from '../../lib/model/errors.ts'
import { fromStored, toStored } from '../../lib/model/json.ts'

/** A value as a journal gives it back. */
export const throughJournal = <T>(value: T): T =>
  fromStored(JSON.parse(JSON.stringify(toStored(value as unknown as AmqpValue)))) as unknown as T

/** All that a state is, as a text: equal texts for equal states. */
export const textOf = <State, Event extends JournalEvent>(machine: StateMachine<State, Event>, state: State): string =>
  JSON.stringify(toStored(machine.snapshot(state)))

/** A state machine with what decides for it, and what its journal begins with. */
export interface Decided<State, Command, Event extends JournalEvent> {
  readonly machine: StateMachine<State, Event>
  readonly decide: (state: State, command: Command) => Event[]
  readonly firstEvents: () => readonly Event[]
}

export interface Step<State, Command, Event> {
  readonly command: Command
  readonly state: State
  readonly events: readonly Event[] | 'refused'
  /** What the state was before the command was decided. */
  readonly before: string
}

interface Checks<State, Command, Event> {
  readonly afterDeciding?: (step: Step<State, Command, Event>) => void
  readonly afterApplying?: (step: Step<State, Command, Event>) => void
}

/** The events of a command, or `refused` where a BrokerError is thrown. */
export function decideOrRefuse<State, Command, Event extends JournalEvent>(
  { decide }: Pick<Decided<State, Command, Event>, 'decide'>,
  state: State,
  command: Command,
): Event[] | 'refused' {
  try {
    return decide(state, command)
  } catch (error) {
    if (error instanceof BrokerError) return 'refused'
    throw error
  }
}

/**
 * Runs commands, each made for the state that it meets. `afterDeciding` sees each before its events are applied,
 * `afterApplying` after that. Returns the last state and the journal.
 */
export function runAll<State, Command, Event extends JournalEvent>(
  decided: Decided<State, Command, Event>,
  makers: readonly ((state: State) => Command)[],
  checks: Checks<State, Command, Event> = {},
): { state: State; log: Event[] } {
  const { machine } = decided
  const state = machine.initial()
  const log = [...decided.firstEvents()]
  for (const event of log) machine.apply(state, event)
  for (const make of makers) {
    const before = textOf(machine, state)
    const command = make(state)
    const step = { state, command, before, events: decideOrRefuse(decided, state, command) }
    checks.afterDeciding?.(step)
    for (const event of step.events === 'refused' ? [] : step.events) {
      machine.apply(state, event)
      log.push(event)
    }
    checks.afterApplying?.(step)
  }
  return { state, log }
}

/** Holds a property of command sequences over a hundred of them. */
export const always = <T>(sequences: fc.Arbitrary<T>, property: (sequence: T) => void): void =>
  fc.assert(fc.property(sequences, property), { numRuns: 100 })
