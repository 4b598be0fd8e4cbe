import type { Binding } from '../../../lib/model/binding.ts'
import type { RoutableMessage } from '../../../lib/routing/exchange-type.ts'
import { exchangeType } from '../../../lib/routing/exchange-types.ts'
import { type Line, shorter, timesAtMost } from '../line.ts'
import { peerModule } from '../peers.ts'
import type { Row } from '../row.ts'
import { interleaved, nanosecondsPerCall, seededRandom } from '../samples.ts'

const SIZES = [10, 1000, 100_000]
const KEYS = 4096
const ROUNDS = 9
const WORDS = Array.from({ length: 40 }, (_, index) => `word${index}`)
const MIXES = [
  { name: 'a tenth with wildcards', share: 0.1 },
  { name: 'a third with wildcards', share: 1 / 3 },
]

interface Qlobber {
  add(pattern: string, value: unknown): void
  match(key: string): readonly unknown[]
}

/** Topic patterns against keys of 3 to 6 words, beside qlobber and a scan of regular expressions. */
export const topicMatch: Row = {
  number: 6,
  title: 'topic match',
  async measure(say) {
    const { Qlobber } = (await import(await peerModule('qlobber'))) as { Qlobber: new () => Qlobber }
    const lines: Line[] = []
    for (const { name, share } of MIXES) {
      for (const size of SIZES) {
        say(`${size} bindings, ${name}`)
        lines.push(...(await compare(scene(size, share), new Qlobber(), `${count(size)} bindings, ${name}`)))
      }
    }
    say('as many matches at 10 as at 100,000')
    return [...lines, ...(await growth())]
  },
}

interface Scene {
  readonly patterns: readonly string[]
  readonly keys: readonly string[]
}

/** Distinct patterns of words that all of them share; half of the keys are among the patterns without wildcards. */
function scene(size: number, wildcards: number): Scene {
  const random = seededRandom(size)
  const exact = new Set<string>()
  const patterns = new Set<string>()
  while (patterns.size < size) {
    const words = randomWords(random)
    if (random() >= wildcards) exact.add(words.join('.'))
    else words[Math.floor(random() * words.length)] = random() < 0.5 ? '*' : '#'
    patterns.add(words.join('.'))
  }
  const known = [...exact]
  const keys = Array.from({ length: KEYS }, (_, index) =>
    index % 2 === 0 ? (known[Math.floor(random() * known.length)] ?? '') : randomWords(random).join('.'),
  )
  return { patterns: [...patterns], keys }
}

const randomWords = (random: () => number): string[] =>
  Array.from({ length: 3 + Math.floor(random() * 4) }, () => WORDS[Math.floor(random() * WORDS.length)] ?? '')

async function compare({ patterns, keys }: Scene, qlobber: Qlobber, what: string): Promise<Line[]> {
  const index = indexOf(patterns)
  for (const pattern of patterns) qlobber.add(pattern, pattern)
  const expressions = patterns.map((pattern) => ({ pattern, expression: expressionOf(pattern) }))
  const scan = (key: string) => expressions.filter(({ expression }) => expression.test(key))
  assertAgreement(keys, index, qlobber, patterns.length > 1000 ? undefined : (key) => scan(key).length)
  const messages = keys.map(messageOf)
  const at = <Value>(values: readonly Value[], call: number): Value => values[call % KEYS] as Value
  const samples = await interleaved(ROUNDS, {
    ours: () => nanosecondsPerCall((call) => matchesOf(index, at(messages, call))),
    qlobber: () => nanosecondsPerCall((call) => qlobber.match(at(keys, call))),
    scan: () => nanosecondsPerCall((call) => scan(at(keys, call))),
  })
  const { ours } = samples
  return [
    shorter({ work: what, unit: 'ns', ours, theirs: samples.qlobber, name: 'qlobber' }, 2),
    shorter({ work: what, unit: 'ns', ours, theirs: samples.scan, name: 'linear scan' }),
  ]
}

type Index = ReturnType<typeof indexOf>

function indexOf(patterns: readonly string[]) {
  const type = exchangeType('topic')
  if (type === undefined) throw new Error('there is no exchange type topic')
  const index = type.createIndex({})
  for (const [id, routingKey] of patterns.entries()) index.add(bindingOf(String(id), routingKey))
  return index
}

const bindingOf = (id: string, routingKey: string): Binding => ({
  sourceId: 'exchange',
  destination: { type: 'queue', id },
  routingKey,
  arguments: {},
})

const messageOf = (key: string): RoutableMessage => ({
  routingKeys: [key],
  headers: {},
  properties: {},
  random: () => 0,
})

/** Into a list, as qlobber answers. */
function matchesOf(index: Index, message: RoutableMessage): Binding[] {
  const found: Binding[] = []
  index.match(message, (binding) => found.push(binding))
  return found
}

/** What a pattern means, as a regular expression. */
function expressionOf(pattern: string): RegExp {
  const words = pattern.split('.').map((word) => (word === '*' ? '[^.]*' : word))
  const body = words.reduce((before, word, place) => {
    if (word === '#') return place === 0 ? '(?:[^.]*\\.)*' : `${before}(?:\\.[^.]*)*`
    return place === 0 ? word : `${before}${before.endsWith('\\.)*') ? '' : '\\.'}${word}`
  }, '')
  return new RegExp(pattern === '#' ? '' : `^${body}$`)
}

/** Figures of things that answer differently mean nothing. */
function assertAgreement(
  keys: readonly string[],
  index: Index,
  qlobber: Qlobber,
  scanned: ((key: string) => number) | undefined,
): void {
  for (const key of keys.slice(0, 200)) {
    const ours = matchesOf(index, messageOf(key)).map(({ routingKey }) => routingKey)
    const theirs = new Set(qlobber.match(key))
    if (ours.length !== theirs.size || ours.some((pattern) => !theirs.has(pattern))) {
      throw new Error(`'${key}' matches ${ours} here and ${[...theirs]} there`)
    }
    if (scanned && scanned(key) !== ours.length) throw new Error(`'${key}': a scan finds ${scanned(key)} patterns`)
  }
}

/** Each key matches one exact pattern and one with a wildcard, whatever the size. */
async function growth(): Promise<Line[]> {
  const few = topicsOf(SMALLEST)
  const many = topicsOf(LARGEST)
  const of10 = matching(few, few)
  const sameKeys = await interleaved(ROUNDS, { ours: matching(many, few), theirs: of10 })
  const allKeys = await interleaved(ROUNDS, { ours: matching(many, many), theirs: of10 })
  const name = 'of 10'
  return [
    timesAtMost({ ...sameKeys, work: 'two matches of 100,000 bindings, the same keys', unit: 'ns', name }, 3),
    shorter({ ...allKeys, work: 'two matches of 100,000 bindings, keys of all of them', unit: 'ns', name }),
  ]
}

const [SMALLEST, LARGEST] = [10, 100_000]

/** As many topics as, each with a second pattern, are so many bindings. */
const topicsOf = (bindings: number): string[] =>
  Array.from({ length: bindings / 2 }, (_, index) => `${topicOf(index)}.created`)

/** Measures keys, among `used`, against an index of all topics and of each with its last word open. */
function matching(topics: readonly string[], used: readonly string[]): () => number {
  const index = indexOf(topics.flatMap((key) => [key, key.replace(/[^.]+$/, '*')]))
  const random = seededRandom(7)
  const messages = Array.from({ length: KEYS }, () => messageOf(used[Math.floor(random() * used.length)] ?? ''))
  const unequal = messages.find((message) => matchesOf(index, message).length !== 2)
  if (unequal) throw new Error(`'${unequal.routingKeys}' does not match two patterns`)
  return () => nanosecondsPerCall((call) => matchesOf(index, messages[call % KEYS] as RoutableMessage))
}

/** 3 to 6 words in all, in as even a tree as numbers of base 40 make. */
function topicOf(index: number): string {
  const words = ['orders']
  for (let rest = index; rest > 0 || words.length < 2 + (index % 4); rest = Math.floor(rest / WORDS.length)) {
    words.push(WORDS[rest % WORDS.length] ?? '')
  }
  return words.join('.')
}

const count = (size: number): string => size.toLocaleString('en-US')
