import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Binding, Destination } from '../../lib/model/binding.ts'
import { alternateExchangeOf, type Exchange } from '../../lib/model/exchange.ts'
import type { Queue } from '../../lib/model/queue.ts'
import type { RoutableMessage } from '../../lib/routing/exchange-type.ts'
import { exchangeType } from '../../lib/routing/exchange-types.ts'
import { routableMessage } from '../../lib/routing/route-message.ts'
import type { RoutedExchange, RoutingView } from '../../lib/routing/view.ts'

/** A vhost in memory, declared by calls that can be chained. Names are told apart by kind; the ids are not the names. */
export class TestView implements RoutingView {
  readonly vhost = '/'
  readonly bindings: Binding[] = []
  private readonly exchanges = new Map<string, RoutedExchange>()
  private readonly queues = new Map<string, Queue>()

  queue(name: string): this {
    const id = `queue:${name}`
    const sqsQueues = [{ name: `leveret-${name}` }]
    this.queues.set(id, {
      id,
      name,
      type: 'classic',
      durable: true,
      autoDelete: false,
      arguments: {},
      user: 'guest',
      sqsQueues,
    })
    return this
  }

  exchange(name: string, type: string, args: AmqpTable = {}): this {
    const known = exchangeType(type)
    if (known === undefined) throw new Error(`unknown exchange type ${type}`)
    const exchange: Exchange = {
      id: `exchange:${name}`,
      name,
      type,
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: args,
      user: 'guest',
    }
    const bindings = known.createIndex(args)
    this.exchanges.set(exchange.id, { exchange, bindings, alternate: () => alternateExchangeOf(exchange) })
    return this
  }

  bindQueue(source: string, queue: string, routingKey = '', args: AmqpTable = {}): this {
    return this.bind(source, { type: 'queue', id: `queue:${queue}` }, routingKey, args)
  }

  bindExchange(source: string, exchange: string, routingKey = '', args: AmqpTable = {}): this {
    return this.bind(source, { type: 'exchange', id: `exchange:${exchange}` }, routingKey, args)
  }

  exchangeByName(name: string): RoutedExchange | undefined {
    return this.exchanges.get(`exchange:${name}`)
  }

  exchangeById(id: string): RoutedExchange | undefined {
    return this.exchanges.get(id)
  }

  queueByName(name: string): Queue | undefined {
    return this.queues.get(`queue:${name}`)
  }

  queueById(id: string): Queue | undefined {
    return this.queues.get(id)
  }

  private bind(source: string, destination: Destination, routingKey: string, args: AmqpTable): this {
    const binding = { sourceId: `exchange:${source}`, destination, routingKey, arguments: args }
    this.exchangeByName(source)?.bindings.add(binding)
    this.bindings.push(binding)
    return this
  }
}

/** A message that chance plays no part in, unless the test says so. */
export const messageWith = (routingKey: string, headers: AmqpTable = {}, random = () => 0): RoutableMessage =>
  routableMessage({ routingKey, properties: { headers }, random })

/** A binding of an exchange that no test looks at to a queue of that name. */
export const bindingTo = (queue: string, routingKey = '', args: AmqpTable = {}): Binding => ({
  sourceId: 'source',
  destination: { type: 'queue', id: queue },
  routingKey,
  arguments: args,
})
