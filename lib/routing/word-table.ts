import { PairMap } from './pair-map.ts'

/** The hash of no characters; a word's is made of it by {@link nextHash}, character by character. */
export const EMPTY_HASH = 0x811c9dc5 | 0

/** FNV-1a over UTF-16 units. */
export const nextHash = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

interface Word {
  readonly text: string
  /** 1 or more, its own for as long as it is used. */
  readonly number: number
  uses: number
}

/**
 * Numbers for the words of patterns, so that the words of a key are found without making a string of each: splitting a
 * key costs more than all else that matching it does.
 */
export class WordTable {
  readonly #words = new Map<string, Word>()
  /** By number. */
  readonly #texts: string[] = ['']
  readonly #freeNumbers: number[] = []
  /** From hash and length to a word's number. */
  readonly #byHash = new PairMap()
  /** Words whose hash and length another one has; it is found first. Usually none, and nobody gains by making many. */
  readonly #others = new Map<string, Word>()

  get size(): number {
    return this.#words.size
  }

  /** The word's number, or 0. */
  numberOf(text: string): number {
    return this.#words.get(text)?.number ?? 0
  }

  /** The word's number, from now on if it has none. */
  add(text: string): number {
    const known = this.#words.get(text)
    if (known) {
      known.uses += 1
      return known.number
    }
    const word = { text, number: this.#freeNumbers.pop() ?? this.#texts.length, uses: 1 }
    this.#words.set(text, word)
    this.#texts[word.number] = text
    this.#makeFindable(word)
    return word.number
  }

  /** Takes back one {@link add} of the word. */
  remove(text: string): void {
    const word = this.#words.get(text)
    if (word === undefined || --word.uses > 0) return
    this.#words.delete(text)
    this.#texts[word.number] = ''
    this.#freeNumbers.push(word.number)
    if (this.#others.delete(text)) return
    const hash = hashOf(text)
    this.#byHash.delete(hash, text.length)
    const heir = this.#others.values().find((other) => other.text.length === text.length && hashOf(other.text) === hash)
    if (heir === undefined) return
    this.#others.delete(heir.text)
    this.#makeFindable(heir)
  }

  /** The number of the word of this hash that stands in `key` from `start` to before `end`, or 0. */
  find(key: string, start: number, end: number, hash: number): number {
    const number = this.#byHash.get(hash, end - start)
    if (number === 0 || standsAt(this.#texts[number] as string, key, start)) return number
    return this.#others.size === 0 ? 0 : (this.#others.get(key.slice(start, end))?.number ?? 0)
  }

  #makeFindable(word: Word): void {
    const hash = hashOf(word.text)
    if (this.#byHash.get(hash, word.text.length) === 0) this.#byHash.add(hash, word.text.length, word.number)
    else this.#others.set(word.text, word)
  }
}

function hashOf(text: string): number {
  let hash = EMPTY_HASH
  for (let at = 0; at < text.length; at++) hash = nextHash(hash, text.charCodeAt(at))
  return hash
}

/** Unit by unit: for words this short `startsWith` takes longer. */
function standsAt(word: string, key: string, start: number): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) !== key.charCodeAt(start + at)) return false
  return true
}
