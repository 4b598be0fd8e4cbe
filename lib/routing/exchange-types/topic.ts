import type { Binding } from '../../model/binding.ts'
import { preconditionFailed } from '../../model/errors.ts'
import { BindingSet } from '../binding-set.ts'
import { acceptAny, type BindingIndex, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'
import { countAnyWords, TopicTrie } from '../topic-trie.ts'

/** RabbitMQ's limit since 4.3.5 (contract §3.3). Each further `#` multiplies the places at which a key can be split. */
export const MAX_ANY_WORDS = 2

/** Binding keys are patterns (contract §3.3); a binding's arguments mean nothing. */
export const topic: ExchangeType = {
  name: 'topic',
  description: 'AMQP topic exchange, as per the AMQP specification',
  assertArguments: acceptAny,
  assertBinding({ routingKey }) {
    if (countAnyWords(routingKey) <= MAX_ANY_WORDS) return
    throw preconditionFailed(`The binding key '${routingKey}' has more than ${MAX_ANY_WORDS} '#' words`)
  },
  createIndex: () => new TopicIndex(),
}

class TopicIndex implements BindingIndex {
  private readonly patterns = new TopicTrie<BindingSet>()

  add(binding: Binding): void {
    const bindings = this.patterns.get(binding.routingKey) ?? new BindingSet()
    if (bindings.size === 0) this.patterns.set(binding.routingKey, bindings)
    bindings.add(binding)
  }

  remove(binding: Binding): void {
    const bindings = this.patterns.get(binding.routingKey)
    bindings?.remove(binding)
    if (bindings?.size === 0) this.patterns.delete(binding.routingKey)
  }

  match({ routingKeys }: RoutableMessage, found: (binding: Binding) => void): void {
    for (const key of routingKeys) this.patterns.match(key, (bindings) => bindings.forEach(found))
  }
}
