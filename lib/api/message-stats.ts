import type { Broker } from '../broker/broker.ts'
import { type Kind, readStatistics, type StatisticsView } from '../broker/read-statistics.ts'
import { addCounts, type CountName, type MessageCounts, noCounts } from '../model/message-counts.ts'
import type { ApiContext } from './env.ts'
import type { Augmentation } from './list.ts'
import { queryFlag, queryParameter } from './path.ts'
import { withRate } from './rates.ts'
import { momentsOf, type SampleRange, sampleRange } from './sample-ranges.ts'

/** How far back samples can be asked for; before that they are what they were then. */
const MAX_AGE_S = 3600

/** A field of `message_stats`, as it is made of what was counted. */
type Field = readonly [name: string, countOf: (counts: MessageCounts) => number]

const counted = (name: CountName): Field => [name, (counts) => counts[name]]

const DELIVERIES: readonly Field[] = [
  counted('ack'),
  counted('deliver'),
  ['deliver_get', (counts) => counts.get + counts.get_no_ack + counts.deliver + counts.deliver_no_ack],
  counted('deliver_no_ack'),
  counted('get'),
  counted('get_empty'),
  counted('get_no_ack'),
  counted('redeliver'),
]

/** Fields that are shown together, once any of them is above 0. */
type Groups = readonly (readonly Field[])[]

/** As RabbitMQ groups them (contract §1.2). */
const GROUPS = {
  vhost: [
    [counted('confirm'), counted('drop_unroutable'), counted('publish'), counted('return_unroutable')],
    DELIVERIES,
  ],
  exchange: [[counted('publish_in')], [counted('publish_out')]],
  queue: [[counted('publish')], DELIVERIES],
} as const satisfies Record<string, Groups>

/** An object with counts: which it is, and under which id they are. */
export interface CountedObject {
  readonly kind: keyof typeof GROUPS
  readonly id: string
}

const FIELDS: ReadonlySet<string> = new Set(['message_stats'])

/** Adds `message_stats` to the items of a list that messages were counted of; nothing where the query wants no statistics. */
export function messageStats<Item>(
  c: ApiContext,
  broker: Broker,
  objectOf: (item: Item) => CountedObject,
): readonly Augmentation<Item>[] {
  if (queryFlag(c, 'disable_stats')) return []
  const range = sampleRange((name) => queryParameter(c, name), 'msg_rates')
  return [
    {
      fields: FIELDS,
      async fieldsOf(items) {
        const view = await viewFor(broker, range)
        return items.map((item) => {
          const { kind, id } = objectOf(item)
          const stats = render(view, GROUPS[kind], kind === 'vhost' ? 'vhosts' : 'objects', [id], range)
          return stats ? { message_stats: stats } : {}
        })
      },
    },
  ]
}

/** The `message_stats` of several vhosts together; empty where there are none. */
export async function totalMessageStats(c: ApiContext, broker: Broker, vhostIds: readonly string[]): Promise<object> {
  const range = sampleRange((name) => queryParameter(c, name), 'msg_rates')
  return render(await viewFor(broker, range), GROUPS.vhost, 'vhosts', vhostIds, range) ?? {}
}

const viewFor = (broker: Broker, range: SampleRange | undefined): Promise<StatisticsView> =>
  readStatistics(broker, range ? Math.min(range.ageS, MAX_AGE_S) * 1000 : 0)

function render(
  view: StatisticsView,
  groups: Groups,
  kind: Kind,
  ids: readonly string[],
  range: SampleRange | undefined,
): object | undefined {
  const counts = sumOf(ids.map((id) => view.counts(kind, id)))
  const shown = groups.filter((group) => group.some(([, countOf]) => countOf(counts) > 0)).flat()
  if (shown.length === 0) return undefined
  const rates = sumOf(ids.map((id) => view.rates(kind, id)))
  const history = range && historyOf(view, kind, ids, range)
  return Object.assign(
    {},
    ...shown.map(([name, countOf]) => {
      const samples = history?.map(({ atMs, counts: then }) => ({ sample: Math.round(countOf(then)), timestamp: atMs }))
      return withRate(name, countOf(counts), countOf(rates), range && samples && { samples, range })
    }),
  )
}

const historyOf = (view: StatisticsView, kind: Kind, ids: readonly string[], range: SampleRange) =>
  momentsOf(range, view.completeMs).map((atMs) => ({
    atMs,
    counts: sumOf(ids.map((id) => view.countsAt(kind, id, atMs))),
  }))

function sumOf(all: readonly (MessageCounts | undefined)[]): MessageCounts {
  const sum = noCounts()
  for (const counts of all) if (counts) addCounts(sum, counts)
  return sum
}
