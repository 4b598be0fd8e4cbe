import type { Connection } from './connection/connection.ts'
import type { AmqpError } from './errors.ts'

/** How long clients have to say that they know. */
const CLOSE_MS = 5_000

/** The connections of a gateway. */
export class Connections {
  readonly #connections = new Set<Connection>()
  /** Told of each client that is in its vhost now, or has gone. */
  onChange: () => void = () => undefined

  get all(): readonly Connection[] {
    return [...this.#connections]
  }

  /** Stays until it has ended and given back what it held. */
  add(connection: Connection): void {
    this.#connections.add(connection)
    void connection.ended.then(() => {
      this.#connections.delete(connection)
      this.onChange()
    })
  }

  /** How many are in a vhost, and how many a user has; those that are let in just now do not count. */
  present(vhost: string, userName: string): { readonly inVhost: number; readonly ofUser: number } {
    const running = this.all.filter(({ isRunning }) => isRunning)
    return {
      inVhost: running.filter((connection) => connection.vhost === vhost).length,
      ofUser: running.filter(({ identity }) => identity?.user.name === userName).length,
    }
  }

  /** How many channels a user has open. */
  channelCount(userName: string): number {
    return this.all
      .filter(({ identity }) => identity?.user.name === userName)
      .reduce((sum, { channels }) => sum + channels.count, 0)
  }

  /** Ends all of them, for one reason; a client that does not answer is not waited for. */
  async close(error: AmqpError): Promise<void> {
    const { all } = this
    for (const connection of all) connection.close(error)
    const cut = setTimeout(() => {
      for (const { socket } of all) socket.destroy()
    }, CLOSE_MS)
    await Promise.all(all.map(({ ended }) => ended))
    clearTimeout(cut)
  }
}
