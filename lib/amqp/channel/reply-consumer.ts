import type { Message } from '../../model/message.ts'
import type { ReplyConsumer } from '../temporary/replies.ts'
import type { Channel } from './channel.ts'

/** The consumer of `amq.rabbitmq.reply-to` on a channel: replies are sent to the client as they come. */
export class ChannelReplies implements ReplyConsumer {
  readonly #channel: Channel
  readonly tag: string
  readonly address: string

  constructor(channel: Channel, tag: string) {
    this.#channel = channel
    this.tag = tag
    this.address = channel.host.gateway.replies.begin(this)
  }

  deliver(message: Message): void {
    if (!this.#channel.isOpen) return
    const { host, number, ledger } = this.#channel
    const { exchange, routingKey } = message
    const address = { consumerTag: this.tag, deliveryTag: ledger.newTag(), redelivered: false, exchange, routingKey }
    host.sendContent(number, { name: 'basic.deliver', ...address }, message)
  }

  end(): void {
    this.#channel.host.gateway.replies.end(this.address)
  }
}
