import { fedQueues } from '../../lib/config.ts'
import { METRIC_NAMES, type MetricName } from '../../lib/metrics.ts'
import { codeIn, section, tableIn } from './markdown.ts'

/** The inputs of docs/cost.md by their names: prices, assumptions, and what the stack sets. */
export type Inputs = (name: string) => number

/** Reads both tables of inputs. The function that it answers throws for a name that they do not have. */
export function readInputs(page: string): Inputs {
  const rows = [...tableIn(section(page, 'Prices')), ...tableIn(section(page, 'Assumptions'))]
  const values = new Map(rows.map(([name = '', value = '']) => [codeIn(name)[0] ?? '', Number(value)]))
  return (name) => {
    const value = values.get(name)
    if (value === undefined || Number.isNaN(value)) throw new Error(`docs/cost.md has no number for '${name}'`)
    return value
  }
}

/** What one table of docs/cost.md must say: dollars for each row, in the order of its columns. */
export interface CostTable {
  readonly heading: string
  readonly decimals: number
  readonly rows: Readonly<Record<string, readonly number[]>>
}

/** SQS takes so many messages in a call. */
const CALL = 10
const RATES = [1, 100, 1000]
const MONTH_DAYS = 365 / 12
/** The metrics of a broker that is published to, and consumed from by SQS clients. */
const PUBLISHING: readonly MetricName[] = ['Published', 'Copies', 'TopologyReads']

/** Every table of figures in docs/cost.md. Amounts are for a million of what a row names, or for a month. */
export function costTables(input: Inputs, alarmMetrics: number): CostTable[] {
  return [
    ...publishTables(input),
    consumeTable(input),
    featureTable(input),
    managementTable(input),
    idleTable(input, alarmMetrics),
    ...gatewayTables(input),
    ...peerTables(input, alarmMetrics),
  ]
}

/** A Lambda invocation of so many milliseconds. */
const run = (input: Inputs, memoryGb: number, ms: number): number =>
  input('lambda-request') + (memoryGb * ms * input('lambda-gb-s')) / 1000

const overApi = (input: Inputs, memory: string, ms: string): number =>
  input('rest') + run(input, input(memory), input(ms))

/** `size` messages in a request, each to so many queues. */
const publish = (input: Inputs, size: number, queues: number): number =>
  (overApi(input, 'publish-gb', `publish-${size}-ms`) + queues * Math.ceil(size / CALL) * input('sqs')) / size

/** A receive and a delete of so many messages. */
const direct = (input: Inputs, size: number): number => (2 * input('sqs')) / size

function publishTables(input: Inputs): CostTable[] {
  const rowOf = (size: number) => [publish(input, size, 1), publish(input, size, 5)]
  const urlRowOf = (size: number) => rowOf(size).map((dollars) => dollars - input('rest') / size)
  return [
    {
      heading: 'Dollars per million publishes',
      decimals: 2,
      rows: {
        'one by one': rowOf(1),
        'ten to a request': rowOf(10),
        'a hundred to a request': rowOf(100),
        'one by one, to the function URL': urlRowOf(1),
        'ten to a request, to the function URL': urlRowOf(10),
        'a hundred to a request, to the function URL': urlRowOf(100),
      },
    },
    {
      heading: 'Where it goes',
      decimals: 2,
      rows: {
        'API Gateway': [input('rest')],
        'Lambda, request': [input('lambda-request')],
        'Lambda, duration': [run(input, input('publish-gb'), input('publish-1-ms')) - input('lambda-request')],
        'SQS, for each queue': [input('sqs')],
      },
    },
  ]
}

function consumeTable(input: Inputs): CostTable {
  const get = (size: number) => (overApi(input, 'consume-gb', 'get-ms') + 3 * input('sqs')) / size
  const settle = (size: number) => overApi(input, 'consume-gb', 'settle-ms') / size
  return {
    heading: 'Dollars per million messages of one queue',
    decimals: 2,
    rows: {
      'SQS client or event source, ten at a time': [direct(input, CALL)],
      'SQS client, one at a time': [direct(input, 1)],
      '`get` that removes, ten at a time': [get(CALL)],
      '`get` that removes, one at a time': [get(1)],
      '`get` with `manual` and `settle`, ten at a time': [get(CALL) + settle(CALL)],
    },
  }
}

function featureTable(input: Inputs): CostTable {
  const twoMegabytesInGb = 2000
  return {
    heading: 'What features add',
    decimals: 2,
    rows: {
      'A lease that has run out': [2 * input('read-unit')],
      'A FIFO queue': [input('sqs-fifo') - input('sqs')],
      'A payload of 250 KB': [3 * input('sqs')],
      'A payload above 1 MiB: writing it': [input('s3-put')],
      'A payload above 1 MiB: each reading': [input('s3-get')],
      'A payload of 2 MB: keeping it for 90 days': [(twoMegabytesInGb * input('s3-gb') * 90) / MONTH_DAYS],
      'The relay': [3 * input('sqs') + run(input, input('relay-gb'), input('relay-ms'))],
      'A `manual` get of a message above 8 KiB': [input('s3-put')],
      'A message that is delivered too often': [
        3 * input('sqs') + run(input, input('dead-letter-gb'), input('dead-letter-ms')),
      ],
      'A redrive of dead letters': [(3 * input('sqs')) / CALL],
      'A `get` of a queue with priorities': [8 * input('sqs')],
      'A length limit that rejects': [input('sqs')],
      'A use of a queue with `x-expires` that is written down': [input('read-unit') + input('write-unit')],
      'A reject with a dead-letter exchange': [input('sqs')],
      'A delayed message': [delayed(input)],
      'A message that expires, one to a look': [expiring(input, 1)],
      'A message that expires, ten to a look': [expiring(input, CALL) / CALL],
      'An `Idempotency-Key`': [2 * input('write-unit')],
      "The broker's own metrics": [METRIC_NAMES.length * input('metric')],
      'Message statistics: a month': [
        (input('hours') * (60 * input('write-unit') + 12 * (input('write-unit') + 2 * input('read-unit')))) / 1_000_000,
      ],
      'A line of access log': [(input('log-line-bytes') * input('log-gb')) / 1000],
      'A warm environment of publish: a month': [
        (input('publish-gb') * input('hours') * 3600 * input('warm-gb-s')) / 1_000_000,
      ],
      'A key of your own: a month': [input('key')],
    },
  }
}

/** Puts the item, sends its pointer on, reads, claims and removes the item. */
const delayed = (input: Inputs): number =>
  input('read-unit') + 3 * input('write-unit') + 3 * input('sqs') + run(input, input('delay-gb'), input('delay-ms'))

/** One look through a queue that finds so many: its own message, heads, receives until nothing comes, counts, the next look. */
function expiring(input: Inputs, size: number): number {
  const [own, lastReceive, count, found] = [3, 1, 1, 2 * Math.ceil(size / CALL)]
  const look = run(input, input('sweep-gb'), input('sweep-ms')) + 2 * input('read-unit')
  return look + (own + lastReceive + count + found) * input('sqs') + input('read-unit') + input('write-unit')
}

function managementTable(input: Inputs): CostTable {
  const heads = 2 * input('read-unit')
  const change = (ms: number): number =>
    input('rest') + run(input, input('manage-gb'), ms) + heads + 4 * input('write-unit')
  const waited = input('lease-wait-ms') + input('manage-ms')
  const show = overApi(input, 'manage-gb', 'manage-ms') + heads
  return {
    heading: 'Management',
    decimals: 2,
    rows: {
      'Bind, declare an exchange, set a permission': [change(waited)],
      'Declare a queue': [change(waited + input('create-queue-ms')) + 3 * input('write-unit') + input('sqs')],
      'GET of anything': [show],
      'GET of a page of 100 queues with counts': [show + 100 * input('sqs') + 3 * input('read-unit')],
    },
  }
}

function idleItems(input: Inputs, alarmMetrics: number): Record<string, number> {
  const hours = input('hours')
  const polls = (input('pollers') * hours * 3600) / 20
  const tick =
    run(input, input('clock-gb'), input('clock-ms')) + input('clock-reads') * input('read-unit') + input('write-unit')
  const feeds = fedQueues().map((queue) => input(queue.endsWith('.fifo') ? 'sqs-fifo' : 'sqs'))
  return {
    Alarms: alarmMetrics * input('alarm'),
    Secret: input('secret'),
    'Event sources': (polls * feeds.reduce((sum, dollars) => sum + dollars, 0)) / 1e6,
    Clock: (hours * 60 * tick) / 1e6,
    'Key of the tables': (2 * hours * 12 * input('kms')) / 1e6,
    'Table and its recovery': (input('table-gb') + input('pitr-gb')) / 1000,
  }
}

const idle = (input: Inputs, alarmMetrics: number): number =>
  Object.values(idleItems(input, alarmMetrics)).reduce((total, value) => total + value, 0)

function idleTable(input: Inputs, alarmMetrics: number): CostTable {
  const items = Object.entries(idleItems(input, alarmMetrics)).map(([name, dollars]) => [name, [dollars]])
  const rows = { ...Object.fromEntries(items), '**Together**': [idle(input, alarmMetrics)] }
  return { heading: 'A month in which nothing happens', decimals: 2, rows }
}

/** A long poll at a time, all month. */
const polling = (input: Inputs): number => (input('hours') * 180 * input('sqs')) / 1e6

/** A read of the heads each second, all month, as a client's vhost and a gateway have it. */
const watching = (input: Inputs): number => (input('hours') * 3600 * 2 * input('read-unit')) / 1e6

function gatewayTables(input: Inputs): CostTable[] {
  const [hours, count] = [input('hours'), input('gateways')]
  const task = input('gateway-vcpu') * input('fargate-vcpu') + input('gateway-gb') * input('fargate-gb')
  const renewals = (hours * 3600 * input('write-unit')) / input('renewal-s') / 1e6
  const items = {
    Tasks: count * task * hours,
    'Load balancer': input('nlb') * hours,
    'Public addresses': (count + input('zones')) * input('ipv4') * hours,
    'Leases and inboxes': count * (renewals + polling(input)),
    Alarms: input('gateway-alarm-metrics') * input('alarm'),
  }
  const together = Object.values(items).reduce((sum, dollars) => sum + dollars, 0)
  return [
    {
      heading: 'A month of AMQP gateways',
      decimals: 2,
      rows: {
        ...Object.fromEntries(Object.entries(items).map(([name, dollars]) => [name, [dollars]])),
        '**Together**': [together],
      },
    },
    {
      heading: 'What clients of AMQP add',
      decimals: 2,
      rows: {
        'A message in and out, one at a time: a million': [input('sqs') + direct(input, 1)],
        'A message in and out, ten at a time: a million': [input('sqs') / CALL + direct(input, CALL)],
        'A queue with consumers: a month': [polling(input)],
        'A vhost with clients in it: a month': [watching(input)],
        'A GB over the load balancer': [input('nlcu')],
      },
    },
    {
      heading: 'A way out of the VPC',
      decimals: 2,
      rows: {
        'An address for each of two tasks': [count * input('ipv4') * hours],
        'A NAT gateway': [input('nat') * hours],
        'Endpoints for SQS, ECR (two) and logs in two zones': [4 * input('zones') * input('endpoint') * hours],
      },
    },
  ]
}

/** With and without a request to SQS for each delivery into a queue. */
const delivered = (input: Inputs, perMillion: number, queues: number): [number, number] => [
  perMillion,
  perMillion + queues * input('sqs'),
]

function peerTables(input: Inputs, alarmMetrics: number): CostTable[] {
  const fixed = idle(input, alarmMetrics)
  const brokers = (count: number, price: string): number => count * input(price) * input('hours')
  const [sns, eventBridge] = [input('sns'), input('eventbridge')]
  const leveret = (size: number) => [publish(input, size, 1), publish(input, size, 5), fixed]
  const peer = (perMillion: number) => [...delivered(input, perMillion, 1), ...delivered(input, perMillion, 5), 0]
  const at = (rate: number, perMillion: number) =>
    ((perMillion + direct(input, CALL)) * rate * input('hours') * 3600) / 1e6
  const busy = fixed + PUBLISHING.length * input('metric')
  const months = (size: number) => RATES.map((rate) => at(rate, publish(input, size, 1)) + busy)
  const peerMonths = (perMillion: number) =>
    RATES.flatMap((rate) => delivered(input, perMillion, 1).map((each) => at(rate, each)))
  return [
    {
      heading: 'Per million messages',
      decimals: 2,
      rows: {
        'Leveret, one by one': leveret(1),
        'Leveret, ten to a request': leveret(10),
        'SNS + SQS, one by one': peer(sns),
        'SNS + SQS, ten to a request': peer(sns / 10),
        'EventBridge classic + SQS': peer(eventBridge),
      },
    },
    {
      heading: 'Per month',
      decimals: 0,
      rows: {
        'Leveret, one by one': months(1),
        'Leveret, ten to a request': months(10),
        'Leveret, a hundred to a request': months(100),
        'SNS + SQS, one by one': peerMonths(sns),
        'SNS + SQS, ten to a request': peerMonths(sns / 10),
        'EventBridge classic + SQS': peerMonths(eventBridge),
        'Amazon MQ, one mq.m7g.medium': [brokers(1, 'mq-medium'), brokers(1, 'mq-medium')],
        'Amazon MQ, three mq.m7g.large': RATES.map(() => brokers(3, 'mq-large')),
      },
    },
  ]
}

/** Messages a second at which three mq.m7g.large cost as much, for publishes of so many messages to a request. */
export const breakEven = (input: Inputs, size: number): number => {
  const dollars = 3 * input('mq-large') * input('hours')
  return (dollars * 1e6) / (publish(input, size, 1) + direct(input, CALL)) / (input('hours') * 3600)
}
