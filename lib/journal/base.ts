import { gunzipSync, gzipSync } from 'node:zlib'
import type { AmqpValue } from '../model/amqp-value.ts'
import { parseStored, toStored } from '../model/json.ts'
import type { Blobs } from './blobs.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import type { BaseReference } from './store.ts'

/**
 * A base is the state of a journal at one version, so that loading need not begin with the first entry. It is a cache:
 * immutable, and made again from the entries when it is lost.
 */

/** How far entries may run ahead of the last base. */
export interface BasePolicy {
  readonly entryCount: number
  readonly sizeBytes: number
}

/** Loading replays at most about this much. */
export const DEFAULT_BASE_POLICY: BasePolicy = { entryCount: 256, sizeBytes: 256 * 1024 }

const baseKey = (journal: string, { epoch, version }: BaseReference): string =>
  `bases/${journal}/${epoch}/${version}.json.gz`

interface StoredBase {
  readonly journal: string
  readonly version: number
  readonly format: number
  readonly state: unknown
}

/** Takes the snapshot before it returns, so the state may change as soon as it has. */
export function saveBase<State, Event extends JournalEvent>(
  blobs: Blobs,
  machine: StateMachine<State, Event>,
  journal: string,
  at: BaseReference,
  state: State,
): Promise<void> {
  const base: StoredBase = {
    journal,
    version: at.version,
    format: machine.format,
    state: toStored(machine.snapshot(state)),
  }
  return blobs.put(baseKey(journal, at), gzipSync(JSON.stringify(base), { level: 1 }))
}

/** The state at a base, or undefined where the base is missing, damaged or of a newer format: the entries tell it as well. */
export async function loadBase<State, Event extends JournalEvent>(
  blobs: Blobs,
  machine: StateMachine<State, Event>,
  journal: string,
  at: BaseReference,
): Promise<State | undefined> {
  try {
    const bytes = await blobs.get(baseKey(journal, at))
    if (bytes === undefined) return undefined
    const base = parseStored(gunzipSync(bytes).toString('utf8')) as unknown as StoredBase
    const isUsable = base.journal === journal && base.version === at.version && base.format <= machine.format
    return isUsable ? machine.restore(base.state as AmqpValue) : undefined
  } catch {
    return undefined
  }
}
