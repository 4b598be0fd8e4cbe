import { PairMap } from './pair-map.ts'
import { WordTable } from './word-table.ts'

/**
 * Topic patterns by their words (contract §3.3): `*` is exactly one word, `#` zero or more, anything else itself.
 *
 * Patterns without wildcards, usually most of them, are found by one look-up; the others form a trie. A match costs at
 * most one visit for each pair of a node on a matching path and a place in the key, whatever the patterns are: unrelated
 * ones are never looked at, and no combination of `#` makes the walk repeat itself.
 *
 * Words and nodes are numbers, and what is known of nodes stands in arrays of numbers (pair-map.ts says why).
 */

const SEPARATOR = '.'
const ONE_WORD = '*'
const ANY_WORDS = '#'
const NO_WORDS: readonly string[] = []
const NO_NUMBERS: readonly number[] = []

/** The empty key is no word at all; in any other, what stands between two dots is a word even where it is empty. */
const wordsOf = (text: string): readonly string[] => (text === '' ? NO_WORDS : text.split(SEPARATOR))

const hasWildcards = (pattern: string): boolean => /(?:^|\.)[*#](?:\.|$)/.test(pattern)

/** How many words of the pattern are `#`. */
export const countAnyWords = (pattern: string): number => wordsOf(pattern).filter((word) => word === ANY_WORDS).length

/** One walk over the trie. */
export interface TopicMatch<Value> {
  /** The numbers of the key's words; 0 for one that stands in no pattern, which only wildcards match. */
  readonly words: readonly number[]
  readonly found: (value: Value) => void
  /** Each `#` after another `#` that has been visited: at its lowest place first, and so at every later one. */
  visited: Set<number> | undefined
}

const ROOT = 1
/**
 * What {@link TopicTrie} knows of each node, by its number: the child after a `*`, that after a `#`, flags, one of the
 * children after a word, that word, how many more children there are after words, and a bit for each of their words: those
 * are looked up only where its bit is set. Most nodes have one child or none, and then a match looks nothing up.
 */
const FIELDS = 8
const [ONE_WORD_CHILD, ANY_WORDS_CHILD, FLAGS, LITERAL_CHILD, LITERAL_WORD, MORE_COUNT, MORE_BITS] = [
  0, 1, 2, 3, 4, 5, 6,
]
/** Whether a `#` stands in the path to the node: only then can one match reach it at several places. */
const AFTER_ANY_WORDS = 1
/** Whether a pattern ends at the node. */
const HAS_VALUE = 2
const FIRST_NODES = 16

/** `Value` is anything but undefined. */
export class TopicTrie<Value> {
  readonly #exact = new Map<string, Value>()
  /** Of the patterns with wildcards, as all that follows. */
  readonly #words = new WordTable()
  /** From a node and a word to the node after the word, but for the one child that stands with the node itself. */
  readonly #moreLiterals = new PairMap()
  #nodes = new Int32Array(FIRST_NODES * FIELDS)
  #lastNode = ROOT
  readonly #freeNodes: number[] = []
  /** By node. */
  readonly #values: (Value | undefined)[] = []

  /** How much it holds, in nodes and words: nothing is left of what was deleted. */
  get size(): { readonly exact: number; readonly nodes: number; readonly words: number; readonly literals: number } {
    const nodes = this.#lastNode - this.#freeNodes.length
    let literals = this.#moreLiterals.size
    for (let node = ROOT; node <= this.#lastNode; node++) if (this.#field(node, LITERAL_CHILD) !== 0) literals += 1
    return { exact: this.#exact.size, nodes, words: this.#words.size, literals }
  }

  get(pattern: string): Value | undefined {
    if (!hasWildcards(pattern)) return this.#exact.get(pattern)
    const words = wordsOf(pattern)
    const end = this.#path(words)[words.length]
    return end === undefined ? undefined : this.#values[end]
  }

  set(pattern: string, value: Value): void {
    if (!hasWildcards(pattern)) {
      this.#exact.set(pattern, value)
      return
    }
    let node = ROOT
    for (const word of wordsOf(pattern)) node = this.#child(node, word) || this.#addChild(node, word)
    this.#values[node] = value
    this.#setField(node, FLAGS, this.#field(node, FLAGS) | HAS_VALUE)
  }

  /** Forgets the pattern, and every node that led to it alone. */
  delete(pattern: string): void {
    if (!hasWildcards(pattern)) {
      this.#exact.delete(pattern)
      return
    }
    const words = wordsOf(pattern)
    const path = this.#path(words)
    const end = path[words.length]
    if (end === undefined) return
    this.#values[end] = undefined
    this.#setField(end, FLAGS, this.#field(end, FLAGS) & ~HAS_VALUE)
    for (let depth = words.length; depth > 0; depth--) {
      const node = path[depth] as number
      if (!this.#isUnused(node)) break
      this.#removeChild(path[depth - 1] as number, words[depth - 1] as string, node)
    }
  }

  /** Calls `found` once with the value of each pattern that matches the key. `found` must not change the trie. */
  match(key: string, found: (value: Value) => void): void {
    const exact = this.#exact.get(key)
    if (exact !== undefined) found(exact)
    if (this.#lastNode - this.#freeNodes.length > ROOT)
      this.visit(ROOT, 0, { words: key === '' ? NO_NUMBERS : this.#words.numbersOf(key), found, visited: undefined })
  }

  /** Matches what is below `node` against the words from `place` on. */
  protected visit(node: number, place: number, match: TopicMatch<Value>): void {
    const nodes = this.#nodes
    const at = node * FIELDS
    const anyWords = nodes[at + ANY_WORDS_CHILD] as number
    if (anyWords !== 0) this.#visitAnyWords(anyWords, place, node, match)
    const { words } = match
    if (place === words.length) {
      if (((nodes[at + FLAGS] as number) & HAS_VALUE) !== 0) match.found(this.#values[node] as Value)
      return
    }
    const word = words[place] as number
    if (word !== 0) {
      const literal = this.#literal(node, word)
      if (literal !== 0) this.visit(literal, place + 1, match)
    }
    const oneWord = nodes[at + ONE_WORD_CHILD] as number
    if (oneWord !== 0) this.visit(oneWord, place + 1, match)
  }

  /** A `#` after `parent` may end before any of the words left: what follows it is visited at each of these places once. */
  #visitAnyWords(node: number, from: number, parent: number, match: TopicMatch<Value>): void {
    if ((this.#field(parent, FLAGS) & AFTER_ANY_WORDS) !== 0) {
      match.visited ??= new Set()
      if (match.visited.has(node)) return
      match.visited.add(node)
    }
    if (this.#hasWildcardChild(node)) {
      for (let place = from; place <= match.words.length; place++) this.visit(node, place, match)
    } else {
      this.#visitLiterals(node, from, match)
    }
  }

  /** As {@link visit} at each place from `from` on, of a node that words or the end of a pattern follow, as most `#` have it. */
  #visitLiterals(node: number, from: number, match: TopicMatch<Value>): void {
    const { words } = match
    if (!this.#isLeaf(node)) {
      for (let place = from; place < words.length; place++) {
        const word = words[place] as number
        const literal = word === 0 ? 0 : this.#literal(node, word)
        if (literal !== 0) this.visit(literal, place + 1, match)
      }
    }
    if ((this.#field(node, FLAGS) & HAS_VALUE) !== 0) match.found(this.#values[node] as Value)
  }

  /** The node after one more word that is no wildcard, by the word's number, or 0. */
  #literal(node: number, word: number): number {
    const at = node * FIELDS
    if (this.#nodes[at + LITERAL_WORD] === word) return this.#nodes[at + LITERAL_CHILD] as number
    if (((this.#nodes[at + MORE_BITS] as number) & bitOf(word)) === 0) return 0
    return this.#moreLiterals.get(node, word)
  }

  /** The root and the nodes after each word of a pattern, as far as they exist. */
  #path(words: readonly string[]): number[] {
    const path = [ROOT]
    let node = ROOT
    for (const word of words) {
      node = this.#child(node, word)
      if (node === 0) break
      path.push(node)
    }
    return path
  }

  /** The node after one more word of a pattern, or 0. */
  #child(node: number, word: string): number {
    if (word === ONE_WORD) return this.#field(node, ONE_WORD_CHILD)
    if (word === ANY_WORDS) return this.#field(node, ANY_WORDS_CHILD)
    const number = this.#words.numberOf(word)
    return number === 0 ? 0 : this.#literal(node, number)
  }

  #addChild(node: number, word: string): number {
    const child = this.#newNode()
    const isAnyWords = word === ANY_WORDS
    this.#setField(child, FLAGS, isAnyWords ? AFTER_ANY_WORDS : this.#field(node, FLAGS) & AFTER_ANY_WORDS)
    if (word === ONE_WORD) this.#setField(node, ONE_WORD_CHILD, child)
    else if (isAnyWords) this.#setField(node, ANY_WORDS_CHILD, child)
    else this.#addLiteral(node, this.#words.add(word), child)
    return child
  }

  #addLiteral(node: number, word: number, child: number): void {
    if (this.#field(node, LITERAL_CHILD) === 0) {
      this.#setField(node, LITERAL_CHILD, child)
      this.#setField(node, LITERAL_WORD, word)
      return
    }
    this.#moreLiterals.add(node, word, child)
    this.#setField(node, MORE_COUNT, this.#field(node, MORE_COUNT) + 1)
    this.#setField(node, MORE_BITS, this.#field(node, MORE_BITS) | bitOf(word))
  }

  /** A bit stays until there are no more children: others may share it. */
  #removeLiteral(node: number, word: number): void {
    if (this.#field(node, LITERAL_WORD) === word) {
      this.#setField(node, LITERAL_CHILD, 0)
      this.#setField(node, LITERAL_WORD, 0)
      return
    }
    this.#moreLiterals.delete(node, word)
    this.#setField(node, MORE_COUNT, this.#field(node, MORE_COUNT) - 1)
    if (this.#field(node, MORE_COUNT) === 0) this.#setField(node, MORE_BITS, 0)
  }

  #removeChild(node: number, word: string, child: number): void {
    if (word === ONE_WORD) this.#setField(node, ONE_WORD_CHILD, 0)
    else if (word === ANY_WORDS) this.#setField(node, ANY_WORDS_CHILD, 0)
    else {
      this.#removeLiteral(node, this.#words.numberOf(word))
      this.#words.remove(word)
    }
    this.#setField(child, FLAGS, 0)
    this.#freeNodes.push(child)
  }

  #newNode(): number {
    const node = this.#freeNodes.pop() ?? ++this.#lastNode
    if ((node + 1) * FIELDS <= this.#nodes.length) return node
    const larger = new Int32Array(this.#nodes.length * 2)
    larger.set(this.#nodes)
    this.#nodes = larger
    return node
  }

  #hasWildcardChild(node: number): boolean {
    return this.#field(node, ONE_WORD_CHILD) !== 0 || this.#field(node, ANY_WORDS_CHILD) !== 0
  }

  /** Whether nothing follows the node's word in any pattern. */
  #isLeaf(node: number): boolean {
    const hasLiterals = this.#field(node, LITERAL_CHILD) !== 0 || this.#field(node, MORE_COUNT) !== 0
    return !hasLiterals && !this.#hasWildcardChild(node)
  }

  /** Whether a match could do without the node. */
  #isUnused(node: number): boolean {
    return this.#isLeaf(node) && (this.#field(node, FLAGS) & HAS_VALUE) === 0
  }

  #field(node: number, field: number): number {
    return this.#nodes[node * FIELDS + field] as number
  }

  #setField(node: number, field: number, value: number): void {
    this.#nodes[node * FIELDS + field] = value
  }
}

/** One of 32. */
const bitOf = (word: number): number => 1 << word
