import { randomBytes } from 'node:crypto'
import { sendMark } from '../../broker/gateway-inbox.ts'
import { logError } from '../../log.ts'
import type { GatewayContext } from '../gateway-context.ts'

const MAX_RECEIVE = 10
const LONG_POLL_S = 20
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5_000
/** A mark that SQS delays is not waited for any longer. */
const CATCH_UP_MS = 1_000

/** Takes what comes for this gateway: messages for queues that live in it, and what others ask of it. */
export class InboxLoop {
  readonly #gateway: GatewayContext
  readonly #stop = new AbortController()
  readonly #marks = new Map<string, () => void>()
  readonly #running: Promise<void>

  constructor(gateway: GatewayContext) {
    this.#gateway = gateway
    this.#running = this.#run()
  }

  /**
   * Resolves when what was sent here before has been received, as far as SQS keeps order: so a client that has published
   * and been confirmed finds its message in the queue. Never rejects, and takes a second at most.
   */
  async caughtUp(): Promise<void> {
    const { broker, id } = this.#gateway
    const mark = randomBytes(9).toString('base64url')
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, CATCH_UP_MS)
    this.#marks.set(mark, resolve)
    sendMark(broker, id, { mark }).catch(resolve)
    await promise
    clearTimeout(timer)
    this.#marks.delete(mark)
  }

  /** Resolves when nothing is received any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#receive(signal)
        failures = 0
      } catch (error) {
        if (failures === 0) logError('the inbox of the gateway cannot be received from', error)
        await this.#gateway.broker.clock
          .sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal)
          .catch(() => undefined)
        failures += 1
      }
    }
  }

  async #receive(signal: AbortSignal): Promise<void> {
    const { registration } = this.#gateway
    const options = { max: MAX_RECEIVE, waitS: LONG_POLL_S, signal }
    const { copies, marks, requests } = await registration.receive(options, (queueId) =>
      this.#gateway.vhostIdOf(queueId),
    )
    for (const copy of copies) this.#gateway.accept(copy)
    for (const { mark } of marks) this.#marks.get(mark)?.()
    for (const { closeConnection, reason } of requests) this.#gateway.closeConnection(closeConnection, reason)
  }
}
