import type { Reading } from './clock.ts'
import type { Intent, IntentState } from './intents.ts'
import type { VisibleVersion } from './lease.ts'
import type { JournalEvent } from './machine.ts'
import type { Head, Lease } from './store.ts'

/** A change of the topology as {@link Journals.transact} is asked for it. */
export interface TransactRequest<Access, Vhost, Event extends JournalEvent, R> {
  /** When the request arrived. */
  readonly arrival: Reading
  /** For the audit trail. */
  readonly who: string
  /** Unique to this change; the same for every attempt at it. */
  readonly commitId: string
  /** The journals to decide on beside the access journal, which is always among them. */
  readonly journals: (access: Access) => readonly string[]
  /** Pure: it may run several times. Throws BrokerError to refuse. */
  readonly decide: (states: DecidableStates<Access, Vhost>) => Decision<Event, R>
}

/** Valid until the next await: `apply` changes states in place. */
export interface DecidableStates<Access, Vhost> {
  readonly access: Access
  /** By journal id; all that were asked for are there. */
  readonly vhosts: ReadonlyMap<string, Vhost>
  /** Of all of these, by journal id. */
  readonly heads: ReadonlyMap<string, Omit<Head, 'base'>>
}

/** What is to change, all or nothing. Where no write says anything, nothing changes. */
export interface Decision<Event extends JournalEvent, R> {
  readonly writes: readonly Write<Event>[]
  /** Only together with a change of a journal. */
  readonly intents?: {
    readonly put?: readonly Intent[]
    /** Removed on condition that they are in this state; otherwise the change is refused as `unavailable`. */
    readonly take?: readonly { readonly id: string; readonly state: IntentState }[]
  }
  readonly result: R
}

export interface Write<Event extends JournalEvent> {
  readonly journal: string
  readonly events: readonly Event[]
  /** The journal is new, with these as its first events. */
  readonly create?: true
  /** These are the journal's last events. */
  readonly seal?: true
  /** Changes how long leases are; see administration.ts. */
  readonly lease?: Omit<Lease, 'sinceVersion'>
  /** Begins another branch; see administration.ts. */
  readonly epoch?: string
}

export interface Transacted<R> {
  readonly result: R
  /** All that it was decided on or that it changed, for the lease wait. */
  readonly versions: readonly VisibleVersion[]
  readonly changed: boolean
}
