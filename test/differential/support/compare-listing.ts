import { emptyListAsObject, explainDifference } from '../differences.ts'
import { type ListingQuery, listedDefinitions, listingCase } from '../generators/listing.ts'
import { type Answer, type Call, segment, sendOrThrow } from './broker.ts'
import { canonicalJson, isObject, type Json, type JsonObject, pickFields, stringifyJson } from './json.ts'
import { onBoth, type Pair, sendBoth } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { inFreshVhost, putVhost } from './vhost.ts'

const comparedFields = [
  ...['name', 'vhost', 'type', 'durable', 'auto_delete', 'internal', 'exclusive', 'arguments'],
  ...['source', 'destination', 'destination_type', 'routing_key', 'properties_key'],
]
const pageFields = ['total_count', 'item_count', 'filtered_count', 'page', 'page_size', 'page_count']

/**
 * Asks both sides the same queries of the same vhost's lists; order, counts and fields must agree. Throws a Divergence.
 */
export async function compareListing(pair: Pair, queries: readonly ListingQuery[]): Promise<void> {
  await inFreshVhost(pair, 'listing', async (vhost) => {
    const setUp: Call = {
      method: 'POST',
      path: `/definitions/${segment(vhost)}`,
      body: stringifyJson(listedDefinitions()),
    }
    await onBoth(pair, (broker) => sendOrThrow(broker, setUp))
    for (const query of queries) await compareQuery(pair, vhost, query, [putVhost(vhost), setUp])
  })
}

async function compareQuery(
  pair: Pair,
  vhost: string,
  { list, query }: ListingQuery,
  setUp: readonly Call[],
): Promise<void> {
  const path = `/${list.replace('{v}', segment(vhost))}?${new URLSearchParams(query)}`
  const call: Call = { method: 'GET', path }
  const answers = await sendBoth(pair, call)
  const [reference, subject] = [describeList(answers.reference), describeList(answers.subject)]
  if (reference === subject || explainDifference(call, answers) !== undefined) return
  throw new Divergence(`GET ${path} lists differently.`, reference, subject, printRepro(pair, [...setUp, call]))
}

function describeList({ status, json, text }: Answer): string {
  if (json === undefined) return `${status} ${text}`
  if (Array.isArray(json)) return `${status} ${describeItems(json)}`
  if (isObject(json) && Array.isArray(json.items)) {
    return `${status} ${canonicalJson(pickFields(json, pageFields))} ${describeItems(json.items)}`
  }
  return `${status} ${isObject(json) && status === 200 ? describeItem(json) : canonicalJson(json)}`
}

function describeItems(items: readonly Json[]): string {
  return items.map(describeItem).join('\n')
}

function describeItem(item: Json): string {
  const object = emptyListAsObject(item)
  return isObject(object) ? canonicalJson(pickFields(object as JsonObject, comparedFields)) : canonicalJson(item)
}

/** Lists as a property of a pair. */
export function listingProperty(pair: Pair): Property<ListingQuery[]> {
  return {
    arbitrary: listingCase,
    check: (value) => compareListing(pair, value),
    droppable: [
      {
        count: (value) => value.length,
        keep: (value, isKept) => value.filter((_item, index) => isKept(index)),
      },
    ],
  }
}
