import type { Command } from '../support/rabbitmqadmin.ts'

/** The names that the script's objects have on both sides. */
export interface ScriptNames {
  readonly vhost: string
  readonly copy: string
  readonly user: string
}

/** A working day of an operator who has only rabbitmqadmin: everything it can declare, list, use and delete. */
export function rabbitmqadminScript({ vhost, copy, user }: ScriptNames): Command[] {
  const run = (...args: string[]): Command => ({ arguments: args })
  const inVhost = (...args: string[]): Command => run('-V', vhost, ...args)
  const list = (...args: string[]): Command => inVhost('-f', 'tsv', 'list', ...args)
  const get = (...args: string[]): Command => inVhost('-f', 'tsv', 'get', ...args)
  const headers = 'properties={"delivery_mode":2,"headers":{"a":1,"b":1.5,"c":[true,"x"]}}'
  const bindingColumns = ['source', 'destination', 'destination_type', 'routing_key']
  return [
    run('declare', 'vhost', `name=${vhost}`),
    run('declare', 'vhost', `name=${vhost}`, 'tracing=troo'),
    run('declare', 'vhost', `name=${vhost}`, 'tracing=true'),
    run('-f', 'tsv', 'list', 'vhosts', 'name', 'tracing'),
    run('declare', 'vhost', `name=${vhost}`, 'tracing=false'),
    run('declare', 'user', `name=${user}`, 'password=p', 'tags=management,policymaker'),
    run('declare', 'user', `name=${user}`, 'password=p'),
    run('-f', 'tsv', 'list', 'users', 'name', 'tags', 'hashing_algorithm'),
    run('declare', 'permission', `vhost=${vhost}`, `user=${user}`, 'configure=^q', 'write=.*', 'read=.*'),
    run('declare', 'permission', `vhost=${vhost}`, 'user=nobody', 'configure=', 'write=', 'read='),
    run('-f', 'tsv', 'list', 'permissions'),

    inVhost('declare', 'exchange', 'name=t', 'type=topic'),
    inVhost('declare', 'exchange', 'name=t', 'type=topic'),
    inVhost('declare', 'exchange', 'name=t', 'type=direct'),
    inVhost('declare', 'exchange', 'name=é 1/2', 'type=fanout', 'durable=false', 'auto_delete=true'),
    inVhost('declare', 'exchange', 'name=a', 'type=headers', 'arguments={"alternate-exchange":"t"}'),
    inVhost('declare', 'exchange', 'name=bad', 'type=nope'),
    inVhost('declare', 'exchange', 'name=amq.bad', 'type=direct'),
    inVhost('declare', 'exchange', 'name=bad'),
    inVhost('declare', 'queue', 'name=q'),
    inVhost('declare', 'queue', 'name=q', 'durable=false'),
    inVhost('declare', 'queue', 'name=q 1/ü', 'arguments={"x-max-length":100000,"x-overflow":"reject-publish"}'),
    inVhost('declare', 'queue', 'name=typed', 'queue_type=classic'),
    inVhost('declare', 'queue', 'name=bad', 'arguments={"x-message-ttl":-1}'),
    inVhost('declare', 'queue', 'name=bad', 'arguments={'),
    inVhost('declare', 'queue', 'name=bad', 'durable=maybe'),
    inVhost('declare', 'binding', 'source=t', 'destination=q', 'routing_key=a.#'),
    inVhost('declare', 'binding', 'source=t', 'destination=q 1/ü', 'routing_key=*.b'),
    inVhost('declare', 'binding', 'source=t', 'destination=é 1/2', 'destination_type=exchange', 'routing_key=e'),
    inVhost('declare', 'binding', 'source=é 1/2', 'destination=q'),
    inVhost('declare', 'binding', 'source=a', 'destination=q', 'arguments={"x-match":"any","k":1}'),
    inVhost('declare', 'binding', 'source=missing', 'destination=q'),
    inVhost('declare', 'binding', 'source=t', 'destination=missing'),
    list('exchanges', 'name', 'type', 'durable', 'auto_delete', 'internal'),
    list('queues', 'name', 'durable', 'auto_delete'),
    list('bindings', ...bindingColumns),
    list('bindings'),
    inVhost('-f', 'pretty_json', '--sort', 'name', '--sort-reverse', 'list', 'queues', 'name', 'arguments'),
    inVhost('-f', 'long', 'list', 'exchanges', 'name', 'type'),
    inVhost('-f', 'kvp', 'list', 'queues', 'name'),
    inVhost('-f', 'bash', 'list', 'queues', 'name'),
    inVhost('list', 'queues', 'name'),
    inVhost('-d', '2', 'list', 'bindings', ...bindingColumns),

    inVhost('publish', 'routing_key=q', 'payload=hello', headers),
    inVhost('publish', 'exchange=t', 'routing_key=a.b', 'payload=ünï', headers),
    { arguments: ['-V', vhost, 'publish', 'exchange=t', 'routing_key=a', headers], input: 'from standard input' },
    inVhost('publish', 'exchange=t', 'routing_key=none', 'payload=lost'),
    inVhost('publish', 'exchange=missing', 'routing_key=a', 'payload=lost'),
    inVhost('publish', 'routing_key=q', 'payload=!', 'payload_encoding=base64'),
    inVhost('publish', 'routing_key=q', 'payload=x', 'properties={"expiration":1}'),
    get('queue=q 1/ü', 'ackmode=ack_requeue_false'),
    get('queue=q', 'count=3', 'ackmode=ack_requeue_false'),
    get('queue=q'),
    inVhost('publish', 'routing_key=q', 'payload=hello', headers),
    get('queue=q', 'encoding=base64', 'ackmode=reject_requeue_false'),
    get('queue=missing'),
    get('queue=q', 'encoding=nope'),
    inVhost('publish', 'routing_key=q', 'payload=hello'),
    inVhost('purge', 'queue', 'name=q'),
    inVhost('purge', 'queue', 'name=missing'),
    get('queue=q'),

    inVhost('declare', 'policy', 'name=p', 'pattern=^zzz', 'definition={"max-length":5}', 'apply-to=queues'),
    inVhost('declare', 'policy', 'name=p', 'pattern=^zzz', 'definition={"nope":5}'),
    inVhost('declare', 'operator_policy', 'name=o', 'pattern=^zzz', 'definition={"expires":100000}'),
    inVhost('declare', 'parameter', 'component=nope', 'name=p', 'value=1'),
    inVhost('declare', 'vhost_limit', `vhost=${vhost}`, 'name=max-queues', 'value=50'),
    run('-f', 'tsv', 'list', 'policies', 'vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority'),
    run('-f', 'tsv', 'list', 'operator_policies', 'vhost', 'name', 'pattern', 'definition', 'priority'),
    run('-f', 'tsv', 'list', 'vhost_limits'),

    inVhost('export', 'exported.json'),
    run('declare', 'vhost', `name=${copy}`),
    run('-V', copy, 'import', 'exported.json'),
    run('-V', copy, '-f', 'tsv', 'list', 'queues', 'name', 'durable'),
    run('-V', copy, '-f', 'tsv', 'list', 'bindings', ...bindingColumns),
    run('-V', 'missing', 'import', 'exported.json'),

    inVhost('delete', 'binding', 'source=t', 'destination=q', 'destination_type=queue', 'properties_key=a.%23'),
    inVhost('delete', 'binding', 'source=t', 'destination=q', 'destination_type=queue', 'properties_key=none'),
    inVhost('delete', 'binding', 'source=é 1/2', 'destination=q', 'destination_type=queue'),
    list('exchanges', 'name'),
    inVhost('delete', 'queue', 'name=q 1/ü'),
    inVhost('delete', 'queue', 'name=missing'),
    inVhost('delete', 'exchange', 'name=t'),
    inVhost('delete', 'exchange', 'name=amq.topic'),
    inVhost('delete', 'policy', 'name=p'),
    inVhost('delete', 'operator_policy', 'name=o'),
    run('delete', 'vhost_limit', `vhost=${vhost}`, 'name=max-queues'),
    list('bindings', ...bindingColumns),
    run('delete', 'permission', `vhost=${vhost}`, `user=${user}`),
    run('delete', 'user', `name=${user}`),
    run('delete', 'user', `name=${user}`),
    run('delete', 'vhost', `name=${copy}`),
    run('delete', 'vhost', `name=${vhost}`),
    run('delete', 'vhost', `name=${vhost}`),
    list('queues', 'name'),
    run('list', 'nonsense'),
  ]
}
