import { logError } from '../log.ts'
import { isTokenUser } from './connection/authenticate.ts'
import { tokenExpired, userDeleted, vhostDeleted } from './connection/identity.ts'
import { isSingleActive } from './consuming/consumers.ts'
import type { GatewayContext } from './gateway-context.ts'
import { snapshotOf } from './snapshots.ts'

const LOOK_MS = 1_000
/** Of looks: how often connections are shown to others, and how long deliveries are out is looked at. */
const LOOKS_PER_SNAPSHOT = 5
const LOOKS_PER_TIMEOUT_CHECK = 60
/** How long a client may have a delivery where nobody says otherwise (contract §6). */
const DEFAULT_CONSUMER_TIMEOUT_MS = 1_800_000

/**
 * Looks now and then at what happened elsewhere: queues, vhosts and users that are gone, whose turn it is where one consumer
 * is active at a time. And shows others what there is here.
 */
export class Watcher {
  readonly #gateway: GatewayContext
  readonly #timer: NodeJS.Timeout
  #looks = 0
  #looking: Promise<void> | undefined
  #showing: Promise<void> | undefined
  /** Whether there is something to show that the write under way may not hold. */
  #isOutdated = false

  constructor(gateway: GatewayContext) {
    this.#gateway = gateway
    gateway.connections.onChange = () => this.#show()
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
      })
    }, LOOK_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#gateway.connections.onChange = () => undefined
    await this.#looking
    await this.#showing
  }

  /** Who comes and goes is shown at once, all that happens during a write by the next one. */
  #show(): void {
    this.#isOutdated = true
    this.#showing ??= this.#write().finally(() => {
      this.#showing = undefined
    })
  }

  async #write(): Promise<void> {
    while (this.#isOutdated) {
      this.#isOutdated = false
      try {
        await this.#gateway.registration.writeSnapshot(snapshotOf(this.#gateway))
      } catch (error) {
        logError('the gateway could not show its connections', error)
      }
    }
  }

  /** Never rejects: what cannot be seen now is seen the next time. */
  async #look(): Promise<void> {
    this.#looks += 1
    try {
      await Promise.all(this.#gateway.views.all.map(({ vhost }) => this.#lookAtVhost(vhost.id)))
      await this.#lookAtUsers()
      await this.#lookForTurns()
      if (this.#looks % LOOKS_PER_TIMEOUT_CHECK === 0) this.#lookAtDeliveries()
      if (this.#looks % LOOKS_PER_SNAPSHOT === 0) this.#show()
    } catch (error) {
      logError('the gateway could not look at the topology', error)
    }
  }

  async #lookAtVhost(vhostId: string): Promise<void> {
    const { views, feeds, connections } = this.#gateway
    const context = await views.refresh(vhostId)
    const inside = connections.all.filter(({ identity }) => identity?.vhostId === vhostId)
    if (inside.length === 0) {
      await feeds.leave(vhostId)
      if (!connections.all.some(({ identity }) => identity?.vhostId === vhostId)) views.forget(vhostId)
      return
    }
    const gone = feeds.all.filter((fed) => fed.vhostId === vhostId && !context?.vhost.queueById(fed.queue.id))
    for (const { queue } of gone) {
      if (!this.#isBeingDeleted(queue.id)) await this.#gateway.queueGone(queue)
    }
    if (context) return
    for (const connection of inside) connection.close(vhostDeleted(connection.vhost))
    await Promise.all(inside.map(({ ended }) => ended))
    views.forget(vhostId)
  }

  /** Then its consumers hear of it behind the answer (contract §5). */
  #isBeingDeleted(queueId: string): boolean {
    const channels = this.#gateway.connections.all.flatMap(({ channels: { all } }) => all)
    return channels.some(({ isOpen, deleting }) => isOpen && deleting.has(queueId))
  }

  async #lookAtUsers(): Promise<void> {
    const { broker, connections } = this.#gateway
    if (connections.all.length === 0) return
    const { access } = await broker.journals.view(broker.journals.arrival())
    for (const connection of connections.all) {
      const user = connection.identity?.user
      if (!user) continue
      if (isTokenUser(user)) {
        if (user.expiresAtS * 1000 <= broker.clock.wallMs()) connection.close(tokenExpired(user.name))
      } else if (!access.users.has(user.name)) connection.close(userDeleted(user.name))
    }
  }

  async #lookForTurns(): Promise<void> {
    const { feeds, registration, views } = this.#gateway
    const waiting = feeds.all.filter(({ queue, feed }) => isSingleActive(queue) && feed.recipients.length > 0)
    for (const { vhostId, queue, feed } of waiting) {
      if (feed.hasTurn) continue
      const { isActive } = await registration.viewConsumers(views.contextOf(vhostId), queue)
      if (isActive) feed.setTurn(true)
    }
  }

  #lookAtDeliveries(): void {
    const { broker, connections, views } = this.#gateway
    const nowMs = broker.clock.monotonicMs()
    for (const { identity, channels } of connections.all) {
      if (!identity) continue
      const { vhost } = views.contextOf(identity.vhostId)
      for (const channel of channels.all) {
        channel.assertAckInTime(nowMs, (queueId) => {
          const queue = vhost.queueById(queueId)
          return (queue && vhost.settingsOf(queue).consumerTimeoutMs) ?? DEFAULT_CONSUMER_TIMEOUT_MS
        })
      }
    }
  }
}
