/**
 * Topic patterns by their words (contract §3.3): `*` is exactly one word, `#` zero or more, anything else itself.
 *
 * Patterns without wildcards, usually most of them, are found by one look-up; the others form a trie. A match costs at
 * most one visit for each pair of a node on a matching path and a place in the key, whatever the patterns are: unrelated
 * ones are never looked at, and no combination of `#` makes the walk repeat itself.
 */

const SEPARATOR = '.'
const ONE_WORD = '*'
const ANY_WORDS = '#'
const NO_WORDS: readonly string[] = []

/** The empty key is no word at all; in any other, what stands between two dots is a word even where it is empty. */
const wordsOf = (text: string): readonly string[] => (text === '' ? NO_WORDS : text.split(SEPARATOR))

const hasWildcards = (pattern: string): boolean => /(?:^|\.)[*#](?:\.|$)/.test(pattern)

/** How many words of the pattern are `#`. */
export const countAnyWords = (pattern: string): number => wordsOf(pattern).filter((word) => word === ANY_WORDS).length

/** The place after one more word of a pattern. Fields are always present, so that all nodes have one hidden class. */
export class TopicNode<Value> {
  /** Whether a `#` stands in the path to this node: only then can one match reach it at several places. */
  readonly afterAnyWords: boolean
  literals: Map<string, TopicNode<Value>> | undefined = undefined
  oneWord: TopicNode<Value> | undefined = undefined
  anyWords: TopicNode<Value> | undefined = undefined
  /** What was set for the pattern that ends here. */
  value: Value | undefined = undefined

  constructor(afterAnyWords: boolean) {
    this.afterAnyWords = afterAnyWords
  }

  get isLeaf(): boolean {
    return this.literals === undefined && this.oneWord === undefined && this.anyWords === undefined
  }

  child(word: string): TopicNode<Value> | undefined {
    if (word === ONE_WORD) return this.oneWord
    if (word === ANY_WORDS) return this.anyWords
    return this.literals?.get(word)
  }

  addChild(word: string): TopicNode<Value> {
    const child = new TopicNode<Value>(this.afterAnyWords || word === ANY_WORDS)
    if (word === ONE_WORD) this.oneWord = child
    else if (word === ANY_WORDS) this.anyWords = child
    else {
      this.literals ??= new Map()
      this.literals.set(word, child)
    }
    return child
  }

  removeChild(word: string): void {
    if (word === ONE_WORD) this.oneWord = undefined
    else if (word === ANY_WORDS) this.anyWords = undefined
    else if (this.literals?.delete(word) === true && this.literals.size === 0) this.literals = undefined
  }
}

/** One walk over the trie. */
export interface TopicMatch<Value> {
  readonly words: readonly string[]
  readonly found: (value: Value) => void
  /** Each `#` after another `#` that has been visited: at its lowest place first, and so at every later one. */
  visited: Set<TopicNode<Value>> | undefined
}

/** Whether a match could do without the node. */
const isUnused = <Value>(node: TopicNode<Value> | undefined): boolean =>
  node !== undefined && node.value === undefined && node.isLeaf

/** `Value` is anything but undefined. */
export class TopicTrie<Value> {
  private readonly exact = new Map<string, Value>()
  /** Patterns with wildcards only. */
  private readonly root = new TopicNode<Value>(false)

  get(pattern: string): Value | undefined {
    if (!hasWildcards(pattern)) return this.exact.get(pattern)
    const words = wordsOf(pattern)
    return this.path(words)[words.length]?.value
  }

  set(pattern: string, value: Value): void {
    if (!hasWildcards(pattern)) {
      this.exact.set(pattern, value)
      return
    }
    let node = this.root
    for (const word of wordsOf(pattern)) node = node.child(word) ?? node.addChild(word)
    node.value = value
  }

  /** Forgets the pattern, and every node that led to it alone. */
  delete(pattern: string): void {
    if (!hasWildcards(pattern)) {
      this.exact.delete(pattern)
      return
    }
    const words = wordsOf(pattern)
    const path = this.path(words)
    const end = path[words.length]
    if (end === undefined) return
    end.value = undefined
    for (let depth = words.length; depth > 0 && isUnused(path[depth]); depth--) {
      path[depth - 1]?.removeChild(words[depth - 1] ?? '')
    }
  }

  /** Calls `found` once with the value of each pattern that matches the key. `found` must not change the trie. */
  match(key: string, found: (value: Value) => void): void {
    const exact = this.exact.get(key)
    if (exact !== undefined) found(exact)
    if (!this.root.isLeaf) this.visit(this.root, 0, { words: wordsOf(key), found, visited: undefined })
  }

  /** Matches what is below `node` against the words from `place` on. */
  protected visit(node: TopicNode<Value>, place: number, match: TopicMatch<Value>): void {
    if (node.anyWords !== undefined) this.visitAnyWords(node.anyWords, place, node, match)
    const word = match.words[place]
    if (word === undefined) {
      if (node.value !== undefined) match.found(node.value)
      return
    }
    const literal = node.literals?.get(word)
    if (literal !== undefined) this.visit(literal, place + 1, match)
    if (node.oneWord !== undefined) this.visit(node.oneWord, place + 1, match)
  }

  /** A `#` after `parent` may end before any of the words left: what follows it is visited at each of these places once. */
  private visitAnyWords(
    node: TopicNode<Value>,
    from: number,
    parent: TopicNode<Value>,
    match: TopicMatch<Value>,
  ): void {
    if (parent.afterAnyWords) {
      match.visited ??= new Set()
      if (match.visited.has(node)) return
      match.visited.add(node)
    }
    const end = match.words.length
    // Where nothing follows the `#`, only the end of the key matters.
    for (let place = node.isLeaf ? end : from; place <= end; place++) this.visit(node, place, match)
  }

  /** The root and the nodes after each word of a pattern, as far as they exist. */
  private path(words: readonly string[]): TopicNode<Value>[] {
    const path = [this.root]
    let node: TopicNode<Value> | undefined = this.root
    for (const word of words) {
      node = node.child(word)
      if (node === undefined) break
      path.push(node)
    }
    return path
  }
}
