import type { DeliveryKind } from '../../broker/statistics.ts'
import { MissingQueueError } from '../../delivery/sqs-errors.ts'
import { logError } from '../../log.ts'
import { type SettleAll, Settler } from './settler.ts'
import type { Delivery, Demand, Settlement, Source } from './source.ts'
import { Visibility } from './visibility.ts'

/** What the core does with the SQS queues of one declared queue. */
export interface SqsOperations<D extends Delivery> {
  /** Hidden from others for `VISIBILITY_S`. Rejects where SQS cannot be asked, with `MissingQueueError` where there is no such queue. */
  receive(options: {
    readonly max: number
    readonly waitS: number
    readonly signal: AbortSignal
    /** For the statistics. */
    readonly kind: DeliveryKind
  }): Promise<readonly D[]>
  readonly settle: SettleAll<D>
  /** Hides them for `VISIBILITY_S` from now; never rejects. */
  extend(deliveries: readonly D[]): Promise<unknown>
  /** About how many are there to be received. */
  countReady(): Promise<number>
}

export interface SqsSourceOptions<D extends Delivery> {
  readonly operations: SqsOperations<D>
  readonly demand: Demand
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> }
  /** How long a receive must wait to be sure that there is nothing, s. */
  readonly fullPollWaitS: number
}

/** What one call of SQS brings at most. */
const MAX_RECEIVE = 10
/** Calls at a time while there is more than one brings. */
const MAX_CALLS = 4
/** What an idle consumer costs is one call in so many seconds; SQS waits no longer. */
const LONG_POLL_S = 20
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5_000

/**
 * One receive loop for all consumers of a queue in this gateway: it asks SQS for as much as has a taker, never more, since
 * what is received and not delivered counts as delivered. What is delivered stays hidden until it is settled.
 */
export class SqsSource<D extends Delivery> implements Source {
  readonly #options: SqsSourceOptions<D>
  readonly #settler: Settler<D>
  readonly #visibility: Visibility<D>
  #running: Promise<void> | undefined
  #wait = new AbortController()
  #isStopped = false

  constructor(options: SqsSourceOptions<D>) {
    this.#options = options
    this.#settler = new Settler(options.operations.settle)
    this.#visibility = new Visibility((due) => options.operations.extend(due), options.clock.monotonicMs)
  }

  wake(): void {
    const isWanted = this.#options.demand.wanted() > 0
    if (isWanted && !this.#isStopped) this.#running ??= this.#run()
    else if (!isWanted && this.#running && this.#endsCleanly) this.#wait.abort()
  }

  /**
   * Where a wait may be broken off: an emulator hands out nothing afterwards. SQS may, to nobody, so there the wait goes on
   * to its end and what it brings is given back.
   */
  get #endsCleanly(): boolean {
    return this.#options.fullPollWaitS === 0
  }

  async get(kind: 'get' | 'get_no_ack'): ReturnType<Source['get']> {
    const { operations, fullPollWaitS } = this.#options
    const [delivery] = await this.#receive(1, fullPollWaitS, new AbortController().signal, kind)
    return delivery && { delivery, readyLeft: await operations.countReady() }
  }

  async settle(deliveries: readonly D[], settlement: Settlement): Promise<readonly boolean[]> {
    const settled = await this.#settler.settle(deliveries, settlement)
    for (const delivery of deliveries) this.#visibility.remove(delivery)
    return settled
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#endsCleanly) this.#wait.abort()
    await this.#running
    await this.#settler.idle
    this.#visibility.stop()
  }

  async #run(): Promise<void> {
    const { demand, clock } = this.#options
    let isBusy = false
    for (let failures = 0; !this.#isStopped; ) {
      const wanted = demand.wanted()
      if (wanted <= 0) break
      this.#wait = new AbortController()
      try {
        isBusy = await this.#receiveRound(wanted, isBusy)
        failures = 0
      } catch (error) {
        if (!this.#wait.signal.aborted) {
          // A queue that is deleted loses its SQS queue before its consumers are told.
          if (failures === 0 && !(error instanceof MissingQueueError))
            logError('a queue cannot be received from', error)
          await clock.sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures))
          failures += 1
        }
      }
    }
    this.#running = undefined
  }

  /** Receives at most as much as is wanted; whether there is likely to be more at once. */
  async #receiveRound(wanted: number, isBusy: boolean): Promise<boolean> {
    const { demand } = this.#options
    const { signal } = this.#wait
    const calls = isBusy ? Math.min(MAX_CALLS, Math.ceil(wanted / MAX_RECEIVE)) : 1
    // Several calls are for what is there; one waits for what comes.
    const waitS = calls === 1 ? LONG_POLL_S : 0
    const rounds = await Promise.allSettled(
      Array.from({ length: calls }, (_, call) => {
        const max = Math.min(MAX_RECEIVE, wanted - call * MAX_RECEIVE)
        return this.#receive(max, waitS, signal, demand.kind)
      }),
    )
    const received = rounds.flatMap((round) => (round.status === 'fulfilled' ? round.value : []))
    if (received.length > 0) demand.take(received)
    const failed = rounds.find((round) => round.status === 'rejected')
    if (failed && received.length === 0) throw failed.reason
    return received.length >= Math.min(wanted, calls * MAX_RECEIVE)
  }

  async #receive(max: number, waitS: number, signal: AbortSignal, kind: DeliveryKind): Promise<readonly D[]> {
    const { operations, clock } = this.#options
    const sinceMs = clock.monotonicMs()
    const deliveries = await operations.receive({ max, waitS, signal, kind })
    for (const delivery of deliveries) this.#visibility.add(delivery, sinceMs)
    return deliveries
  }
}
