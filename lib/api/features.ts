import { invalid } from '../model/errors.ts'
import type { Api } from './env.ts'
import { listAnswer } from './list.ts'
import { segment } from './path.ts'
import { noContent } from './respond.ts'
import { withSession } from './session.ts'

/** Contract §1.6: flags that are on for good, and what RabbitMQ has given up that was never here. */
export function featureRoutes(api: Api): void {
  api.get(
    '/feature-flags',
    withSession({ tag: 'management', leased: true }, (c) => listAnswer(c, FEATURE_FLAGS, { order: ['name'] })),
  )

  api.put(
    '/feature-flags/:name/enable',
    withSession({ tag: 'administrator', leased: true }, (c) => {
      const name = segment(c, 'name')
      if (!FEATURE_FLAGS.some((flag) => flag.name === name)) throw invalid('unsupported')
      return noContent(c)
    }),
  )

  api.get(
    '/deprecated-features',
    withSession({ tag: 'management', leased: true }, (c) => listAnswer(c, DEPRECATED_FEATURES, { order: ['name'] })),
  )

  api.get(
    '/deprecated-features/used',
    withSession({ tag: 'management', leased: true }, (c) =>
      listAnswer<(typeof DEPRECATED_FEATURES)[number]>(c, [], { order: ['name'] }),
    ),
  )
}

const flag = (name: string, desc: string) => ({
  name,
  state: 'enabled',
  desc,
  doc_url: '',
  stability: 'stable',
  provided_by: 'leveret',
})

const FEATURE_FLAGS = [
  flag('implicit_default_bindings', 'Default bindings are implied by the queues'),
  flag('quorum_queue', 'Queues may be declared as quorum queues'),
  flag('user_limits', 'Limits of users can be set'),
  flag('virtual_host_metadata', 'Virtual hosts have a description and tags'),
]

const removed = (name: string, desc: string) => ({
  name,
  desc,
  deprecation_phase: 'removed',
  doc_url: '',
  provided_by: 'leveret',
})

const DEPRECATED_FEATURES = [
  removed('classic_queue_mirroring', 'SQS keeps every message in several places by itself'),
  removed('ram_node_type', 'There are no nodes'),
]
