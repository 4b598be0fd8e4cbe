import type { AmqpValue } from '../model/amqp-value.ts'

/** An event as a journal keeps it: data with a `type`, readable in years, all of whose values have a stored form (model/json.ts). */
export interface JournalEvent {
  readonly type: string
}

/** The pure side of a journal: what its entries mean. */
export interface StateMachine<State, Event extends JournalEvent> {
  /** The newest format of events and snapshots that this code understands; a newer one is refused, never guessed at. */
  readonly format: number
  initial(): State
  /** Changes the state by an event that was decided on it. Never throws for an event of a known format. */
  apply(state: State, event: Event): void
  /** The whole state as data; `restore` makes an equal state of it. */
  snapshot(state: State): AmqpValue
  restore(snapshot: AmqpValue): State
}
