import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TopicMatch, TopicTrie } from '../../lib/routing/topic-trie.ts'
import { matchesTopic } from '../support/topic-reference.ts'

/** RabbitMQ's own test set (contract §3.3): the bindings, numbered from 1, and what each key matches. */
const VECTOR_PATTERNS = [
  ...['a.b.c', 'a.*.c', 'a.#.b', 'a.b.b.c', '#', '#.#', '#.b', '*.*', 'a.*', '*.b.c', 'a.#', 'a.#.#', 'b.b.c', 'a.b.b'],
  ...['a.b', 'b.c', '', '*.*.*', 'vodka.martini', 'a.b.c', '*.#', '#.*.#', '*.#.#', '#.#.#', '*', '#.b.#'],
]

const VECTORS: [key: string, numbers: number[]][] = [
  ['a.b.c', [1, 2, 5, 6, 10, 11, 12, 18, 20, 21, 22, 23, 24, 26]],
  ['a.b', [3, 5, 6, 7, 8, 9, 11, 12, 15, 21, 22, 23, 24, 26]],
  ['a.b.b', [3, 5, 6, 7, 11, 12, 14, 18, 21, 22, 23, 24, 26]],
  ['', [5, 6, 17, 24]],
  ['b.c.c', [5, 6, 18, 21, 22, 23, 24, 26]],
  ['a.a.a.a.a', [5, 6, 11, 12, 21, 22, 23, 24]],
  ['vodka.gin', [5, 6, 8, 21, 22, 23, 24]],
  ['vodka.martini', [5, 6, 8, 19, 21, 22, 23, 24]],
  ['b.b.c', [5, 6, 10, 13, 18, 21, 22, 23, 24, 26]],
  ['nothing.here.at.all', [5, 6, 21, 22, 23, 24]],
  ['oneword', [5, 6, 21, 22, 23, 24, 25]],
  ['.', [5, 6, 8, 21, 22, 23, 24]],
  ['a.', [5, 6, 8, 9, 11, 12, 21, 22, 23, 24]],
  ['a..b', [3, 5, 6, 7, 11, 12, 18, 21, 22, 23, 24, 26]],
]

const REMOVED = [1, 5, 11, 17, 19, 21, 22, 24]

/** Counts the pairs of a node and a place in the key that a match looks at. */
class CountingTrie<Value> extends TopicTrie<Value> {
  visits = 0

  protected override visit(node: number, place: number, match: TopicMatch<Value>): void {
    this.visits++
    super.visit(node, place, match)
  }
}

function trieOf(patterns: Iterable<string>): CountingTrie<string> {
  const trie = new CountingTrie<string>()
  for (const pattern of patterns) trie.set(pattern, pattern)
  return trie
}

function matchesOf(trie: TopicTrie<string>, key: string): string[] {
  const found: string[] = []
  trie.match(key, (pattern) => found.push(pattern))
  return found.sort()
}

function visitsFor(trie: CountingTrie<string>, key: string): number {
  trie.visits = 0
  matchesOf(trie, key)
  return trie.visits
}

/** How many nodes a trie of these patterns has at most: one for each beginning that they do not share. */
function nodeCountOf(patterns: readonly string[]): number {
  const prefixes = patterns.flatMap((pattern) => pattern.split('.').map((_word, end, words) => words.slice(0, end + 1)))
  return new Set(prefixes.map((words) => words.join('.'))).size + 1
}

const word = fc.constantFrom('a', 'b', '', 'a*')
const keys = fc.array(word, { maxLength: 6 }).map((words) => words.join('.'))
const patterns = fc
  .array(fc.oneof(word, fc.constantFrom('*', '#', '#')), { maxLength: 7 })
  .map((words) => words.join('.'))
const patternSets = fc.uniqueArray(patterns, { maxLength: 12 })

describe('the topic trie', () => {
  it.each(VECTORS)('matches the key "%s" as RabbitMQ does', (key, numbers) => {
    const expected = numbers.map((number) => VECTOR_PATTERNS[number - 1])
    expect(matchesOf(trieOf(VECTOR_PATTERNS), key)).toEqual([...new Set(expected)].sort())
  })

  it.each(VECTORS)('matches the key "%s" without the patterns that were deleted', (key, numbers) => {
    const deleted = REMOVED.map((number) => VECTOR_PATTERNS[number - 1] ?? '')
    const trie = trieOf(VECTOR_PATTERNS)
    for (const pattern of deleted) trie.delete(pattern)
    const expected = numbers.map((number) => VECTOR_PATTERNS[number - 1] ?? '')
    const remaining = [...new Set(expected)].filter((pattern) => !deleted.includes(pattern))
    expect(matchesOf(trie, key)).toEqual(remaining.sort())
  })

  it('finds exactly the patterns that a naive matcher finds, each once', () => {
    fc.assert(
      fc.property(patternSets, keys, (all, key) => {
        expect(matchesOf(trieOf(all), key)).toEqual(all.filter((pattern) => matchesTopic(pattern, key)).sort())
      }),
      { numRuns: 5000 },
    )
  })

  it('is after deletions as if the patterns had never been set', () => {
    fc.assert(
      fc.property(patternSets, patternSets, (kept, others) => {
        const trie = trieOf([...others, ...kept])
        for (const pattern of others.filter((other) => !kept.includes(other))) trie.delete(pattern)
        expect(trie.size).toEqual(trieOf(kept).size)
      }),
      { numRuns: 1000 },
    )
  })

  it('finds after deletions and additions what a trie finds that never had the others', () => {
    fc.assert(
      fc.property(patternSets, patternSets, patternSets, keys, (first, deleted, last, key) => {
        const trie = trieOf(first)
        for (const pattern of deleted) trie.delete(pattern)
        for (const pattern of last) trie.set(pattern, pattern)
        const expected = [...first.filter((pattern) => !deleted.includes(pattern)), ...last]
        expect(matchesOf(trie, key)).toEqual(matchesOf(trieOf(expected), key))
      }),
      { numRuns: 2000 },
    )
  })

  it('tells many words after one word from each other, whichever of them are deleted', () => {
    const named = fc.nat(149).map((number) => `word${number}`)
    const wide = fc.uniqueArray(
      fc.oneof(
        named.map((name) => `a.${name}.*`),
        named.map((name) => `#.${name}`),
      ),
      { minLength: 40, maxLength: 120, size: 'max' },
    )
    fc.assert(
      fc.property(wide, fc.infiniteStream(fc.boolean()), (all, isDeleted) => {
        const trie = trieOf(all)
        const deleted = all.filter(() => isDeleted.next().value)
        for (const pattern of deleted) trie.delete(pattern)
        const kept = all.filter((pattern) => !deleted.includes(pattern))
        expect(trie.size).toEqual(trieOf(kept).size)
        for (let number = 0; number < 150; number++) {
          const key = `a.word${number}.x`
          expect(matchesOf(trie, key)).toEqual(kept.filter((pattern) => matchesTopic(pattern, key)).sort())
          expect(matchesOf(trie, `word${number}`)).toEqual(kept.filter((pattern) => pattern === `#.word${number}`))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('ignores the deletion of patterns that are not there', () => {
    const trie = trieOf(['a.*.c', 'a.#'])
    for (const pattern of ['', 'a', 'a.*', 'a.*.c.d', '#', 'x.*', 'a.#.#']) trie.delete(pattern)
    expect(trie.size).toEqual(trieOf(['a.*.c', 'a.#']).size)
    expect(matchesOf(trie, 'a.b.c')).toEqual(['a.#', 'a.*.c'])
  })

  it('gives back what was set last for a pattern, and nothing for others', () => {
    const trie = trieOf(['a.*', 'a'])
    trie.set('a.*', 'again')
    expect(['a.*', 'a', 'a.#', '', 'a.*.b'].map((pattern) => trie.get(pattern))).toEqual([
      'again',
      'a',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('takes wildcards for themselves where they are part of a word', () => {
    const trie = trieOf(['a*', '#a.b', '**', '*#'])
    expect(matchesOf(trie, 'ab')).toEqual([])
    expect(matchesOf(trie, 'a*')).toEqual(['a*'])
    expect(matchesOf(trie, '**')).toEqual(['**'])
    expect(matchesOf(trie, '#a.b')).toEqual(['#a.b'])
  })
})

describe('the cost of a topic match', () => {
  it('does not depend on patterns that have nothing in common with the key', () => {
    const related = ['a.*.c', 'a.#', '*.b.#', '#.c']
    const unrelated = Array.from({ length: 10_000 }, (_, index) => `other${index}.*.#`)
    expect(visitsFor(trieOf([...unrelated, ...related]), 'a.b.c')).toBe(visitsFor(trieOf(related), 'a.b.c'))
  })

  it('is at most one visit for each node and place in the key', () => {
    fc.assert(
      fc.property(patternSets, keys, (all, key) => {
        const places = key.split('.').length + 1
        expect(visitsFor(trieOf(all), key)).toBeLessThanOrEqual(nodeCountOf(all) * places)
      }),
      { numRuns: 1000 },
    )
  })

  it('stays within that for the longest keys and patterns of nothing but wildcards', () => {
    const hashes = Array.from({ length: 128 }, (_, index) =>
      Array(index + 1)
        .fill('#')
        .join('.'),
    )
    const mixed = Array.from({ length: 64 }, (_, index) =>
      Array(index + 1)
        .fill('#.*')
        .join('.'),
    )
    const words = Array.from(
      { length: 64 },
      (_, index) =>
        `${Array(index + 1)
          .fill('#.a')
          .join('.')}.b`,
    )
    const all = [...hashes, ...mixed, ...words]
    for (const key of ['.'.repeat(255), `${'a.'.repeat(127)}a`, '.'.repeat(126)]) {
      const places = key.split('.').length + 1
      expect(visitsFor(trieOf(all), key)).toBeLessThanOrEqual(nodeCountOf(all) * places)
    }
  })
})
