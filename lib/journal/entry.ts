import type { AmqpValue } from '../model/amqp-value.ts'
import { unavailable } from '../model/errors.ts'
import { parseStored, toStored } from '../model/json.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import type { StoredEntry } from './store.ts'

/** One commit in one journal, as the audit trail shows it. */
export interface Entry<Event> {
  readonly version: number
  readonly commitId: string
  /** The user, or the part of Leveret, that made the change. */
  readonly who: string
  /** ISO 8601, by the writer's wall clock. */
  readonly when: string
  readonly events: readonly Event[]
}

/** DynamoDB's items end at 400 KB; the rest is for what else an entry may come to hold (docs/architecture.md). */
export const MAX_ENTRY_BYTES = 300 * 1024

/** Events that do not fit one entry. Whoever made them cuts them into several commits, each valid by itself. */
export class EntryTooLargeError extends Error {
  override readonly name = 'EntryTooLargeError'
  readonly sizeBytes: number

  constructor(journal: string, sizeBytes: number) {
    super(
      `${sizeBytes} bytes of events for journal ${journal}: an entry holds ${MAX_ENTRY_BYTES}, cut them into several`,
    )
    this.sizeBytes = sizeBytes
  }
}

// An event is data all of whose values have a stored form (machine.ts), which is what an AMQP table is.
const encodeEvents = (events: readonly JournalEvent[]): string =>
  JSON.stringify(events.map((event) => toStored(event as unknown as AmqpValue)))

/** What events take of {@link MAX_ENTRY_BYTES}. */
export const eventsSizeBytes = (events: readonly JournalEvent[]): number => Buffer.byteLength(encodeEvents(events))

/** Throws {@link EntryTooLargeError}. */
export function encodeEntry(
  journal: string,
  { events, ...entry }: Entry<JournalEvent> & { format: number },
): StoredEntry {
  const eventsJson = encodeEvents(events)
  const sizeBytes = Buffer.byteLength(eventsJson)
  if (sizeBytes > MAX_ENTRY_BYTES) throw new EntryTooLargeError(journal, sizeBytes)
  return { ...entry, eventsJson }
}

/** Throws `unavailable` for a format that this code does not know: a newer release wrote it, and guessing would diverge. */
export function decodeEntry<State, Event extends JournalEvent>(
  machine: StateMachine<State, Event>,
  { eventsJson, format, ...entry }: StoredEntry,
): Entry<Event> {
  if (format > machine.format) {
    throw unavailable(`the topology was written by a newer release (format ${format}): update this one`)
  }
  return { ...entry, events: parseStored(eventsJson) as unknown as Event[] }
}
