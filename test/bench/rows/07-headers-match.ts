import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import { exchangeType } from '../../../lib/routing/exchange-types.ts'
import { matchesHeaders } from '../../support/headers-reference.ts'
import { shorter } from '../line.ts'
import type { Row } from '../row.ts'
import { interleaved, nanosecondsPerCall, seededRandom } from '../samples.ts'

const BINDINGS = 10_000
const MESSAGES = 1024
const ROUNDS = 9

/** Criteria on three headers of many values, half of which have to hold all and half any, beside a scan of all bindings. */
export const headersMatch: Row = {
  number: 7,
  title: 'headers match',
  async measure(say) {
    const random = seededRandom(1)
    const among = (count: number): number => Math.floor(random() * count)
    const criteriaOf = (mode: string): AmqpTable => ({
      'x-match': mode,
      customer: `customer-${among(5000)}`,
      region: `region-${among(20)}`,
      ...(mode === 'all' && { kind: `kind-${among(5)}` }),
    })
    const selective = Array.from({ length: BINDINGS }, () => criteriaOf('all'))
    const any = Array.from(
      { length: BINDINGS },
      (): AmqpTable => ({ 'x-match': 'any', order: `order-${among(5000)}`, customer: `customer-${among(5000)}` }),
    )
    const messages = Array.from({ length: MESSAGES }, () => ({
      routingKeys: [''],
      headers: {
        customer: `customer-${among(5000)}`,
        region: `region-${among(20)}`,
        kind: `kind-${among(5)}`,
        order: `order-${among(5000)}`,
      },
      properties: {},
      random,
    }))
    const lines = []
    for (const [what, bindings] of [
      ['all of three criteria', selective],
      ['any of two criteria', any],
    ] as const) {
      say(what)
      const index = exchangeType('headers')?.createIndex({})
      if (index === undefined) throw new Error('there is no exchange type headers')
      for (const [id, args] of bindings.entries()) {
        index.add({
          sourceId: 'exchange',
          destination: { type: 'queue', id: String(id) },
          routingKey: '',
          arguments: args,
        })
      }
      const ours = (call: number): number => {
        let found = 0
        index.match(messages[call % MESSAGES] as (typeof messages)[number], () => found++)
        return found
      }
      const scan = (call: number): number =>
        bindings.filter((args) => matchesHeaders(args, messages[call % MESSAGES]?.headers ?? {})).length
      for (let call = 0; call < 50; call += 1)
        if (ours(call) !== scan(call)) throw new Error(`message ${call}: ${ours(call)} and ${scan(call)}`)
      const samples = await interleaved(ROUNDS, {
        ours: () => nanosecondsPerCall(ours),
        scan: () => nanosecondsPerCall(scan),
      })
      lines.push(
        shorter(
          {
            work: `10,000 bindings, ${what}`,
            unit: 'ns',
            ours: samples.ours,
            theirs: samples.scan,
            name: 'linear scan',
          },
          10,
        ),
      )
    }
    return lines
  },
}
