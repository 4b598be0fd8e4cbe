import { notFound } from '../model/errors.ts'
import { loadBase } from './base.ts'
import { decodeEntry, type Entry } from './entry.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import type { Surroundings } from './replica.ts'
import { retrying, TOPOLOGY_NOT_READ } from './retry.ts'
import type { EntryRange } from './store.ts'

/** One page of the audit trail, ascending. */
export async function readHistory<State, Event extends JournalEvent>(
  { store, timeline }: Surroundings,
  machine: StateMachine<State, Event>,
  journal: string,
  range: EntryRange,
): Promise<Entry<Event>[]> {
  const page = await retrying(timeline.clock, TOPOLOGY_NOT_READ, () => store.readEntries(journal, range))
  return page.map((entry) => decodeEntry(machine, entry))
}

/** The state as it was at a version, made for the caller alone. Throws `not-found` where there is no such version. */
export async function stateAt<State, Event extends JournalEvent>(
  surroundings: Surroundings,
  machine: StateMachine<State, Event>,
  journal: string,
  version: number,
): Promise<State> {
  const { store, blobs, timeline } = surroundings
  const head = (await retrying(timeline.clock, TOPOLOGY_NOT_READ, () => store.readHeads([journal]))).get(journal)
  if (head === undefined || version > head.version) throw notFound(`no version ${version}`)
  const base = head.base !== undefined && head.base.version <= version ? head.base : undefined
  const based = base && (await loadBase(blobs, machine, journal, base))
  const state = based ?? machine.initial()
  let reached = base !== undefined && based !== undefined ? base.version : 0
  while (reached < version) {
    const page = await readHistory(surroundings, machine, journal, { after: reached, upTo: version })
    for (const entry of page) {
      if (entry.version !== reached + 1) throw new Error(`journal ${journal} has no entry ${reached + 1}`)
      for (const event of entry.events) machine.apply(state, event)
      reached = entry.version
    }
    if (page.length === 0) throw new Error(`journal ${journal} has no entry ${reached + 1}`)
  }
  return state
}
