import { newReplyName } from '../../broker/reply-queue.ts'
import type { VhostSession } from '../../broker/session.ts'
import type { Message } from '../../model/message.ts'
import type { ReplyConsumer } from '../temporary/replies.ts'
import type { Channel } from './channel.ts'

/** The consumer of `amq.rabbitmq.reply-to` on a channel: replies are sent to the client as they come. */
export class ChannelReplies implements ReplyConsumer {
  readonly #channel: Channel
  readonly tag: string
  readonly vhostId: string
  /** What the channel's requests have as their `reply-to`. */
  readonly name: string

  constructor(channel: Channel, session: VhostSession, tag: string) {
    const { gateway } = channel.host
    this.#channel = channel
    this.tag = tag
    this.vhostId = session.vhost.id
    this.name = newReplyName(session, gateway.id)
    gateway.replies.begin(this.name, this)
  }

  deliver(message: Message): void {
    if (!this.#channel.isOpen) return
    const { host, number, ledger } = this.#channel
    const { exchange, routingKey } = message
    const address = { consumerTag: this.tag, deliveryTag: ledger.newTag(), redelivered: false, exchange, routingKey }
    host.sendContent(number, { name: 'basic.deliver', ...address }, message)
  }

  end(): void {
    this.#channel.host.gateway.replies.end(this.name)
  }
}
