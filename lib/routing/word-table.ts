import { PairMap } from './pair-map.ts'

const SEPARATOR_UNIT = '.'.charCodeAt(0)

/** The hash of no characters; a word's is made of it by {@link nextHash}, character by character. */
const EMPTY_HASH = 0x811c9dc5 | 0

/** FNV-1a over UTF-16 units. */
const nextHash = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

/** What a word stands for, and where in the units of all words it is written. */
interface Word {
  readonly text: string
  /** 1 or more, its own for as long as it is used. */
  readonly number: number
  uses: number
}

const FIRST_UNITS = 256

/**
 * Numbers for the words of patterns, so that the words of a key are found without making a string of each: splitting a
 * key costs more than all else that matching it does. Words and key are compared as arrays of UTF-16 units, since reading
 * a unit out of a string takes several times as long as out of an array.
 */
export class WordTable {
  readonly #words = new Map<string, Word>()
  readonly #freeNumbers: number[] = []
  #lastNumber = 0
  /** From hash and length to a word's number. */
  readonly #byHash = new PairMap()
  /** Words whose hash and length another one has; it is found first. Usually none, and nobody gains by making many. */
  readonly #others = new Map<string, Word>()
  /** Of all words, one behind the other, and of words that are gone until there is no room left. */
  #units = new Uint16Array(FIRST_UNITS)
  #usedUnits = 0
  #end = 0
  /** Where in them each word begins, by its number. */
  readonly #starts: number[] = [0]
  /** Of the key that is looked at. */
  #key = new Uint16Array(FIRST_UNITS)

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
    const word = { text, number: this.#freeNumbers.pop() ?? ++this.#lastNumber, uses: 1 }
    this.#write(word)
    this.#words.set(text, word)
    this.#makeFindable(word)
    return word.number
  }

  /** Takes back one {@link add} of the word. */
  remove(text: string): void {
    const word = this.#words.get(text)
    if (word === undefined || --word.uses > 0) return
    this.#words.delete(text)
    this.#usedUnits -= text.length
    this.#freeNumbers.push(word.number)
    if (this.#others.delete(text)) return
    const hash = hashOf(text)
    this.#byHash.delete(hash, text.length)
    const heir = this.#others.values().find((other) => other.text.length === text.length && hashOf(other.text) === hash)
    if (heir === undefined) return
    this.#others.delete(heir.text)
    this.#makeFindable(heir)
  }

  /** The numbers of the words of a key that is not empty, 0 for each that is not in the table. */
  numbersOf(key: string): number[] {
    if (key.length > this.#key.length) this.#key = new Uint16Array(key.length)
    const units = this.#key
    const numbers: number[] = []
    let start = 0
    let hash = EMPTY_HASH
    for (let at = 0; at < key.length; at++) {
      const unit = key.charCodeAt(at)
      units[at] = unit
      if (unit !== SEPARATOR_UNIT) {
        hash = nextHash(hash, unit)
        continue
      }
      numbers.push(this.#find(start, at, hash))
      start = at + 1
      hash = EMPTY_HASH
    }
    numbers.push(this.#find(start, key.length, hash))
    return numbers
  }

  /** The number of the word of this hash that stands in the key from `start` to before `end`, or 0. */
  #find(start: number, end: number, hash: number): number {
    const number = this.#byHash.get(hash, end - start)
    if (number === 0 || this.#standsAt(number, start, end)) return number
    if (this.#others.size === 0) return 0
    return this.#others.get(String.fromCharCode(...this.#key.subarray(start, end)))?.number ?? 0
  }

  #standsAt(number: number, start: number, end: number): boolean {
    const units = this.#units
    const key = this.#key
    let place = this.#starts[number] as number
    for (let at = start; at < end; at++) if (units[place++] !== key[at]) return false
    return true
  }

  #write({ text, number }: Word): void {
    if (this.#end + text.length > this.#units.length) this.#makeRoom(text.length)
    this.#starts[number] = this.#end
    for (let at = 0; at < text.length; at++) this.#units[this.#end++] = text.charCodeAt(at)
    this.#usedUnits += text.length
  }

  /** For as much again as is used, so that a unit is copied once or twice in all. */
  #makeRoom(units: number): void {
    const old = this.#units
    this.#units = new Uint16Array(Math.max(FIRST_UNITS, 2 * (this.#usedUnits + units)))
    this.#end = 0
    for (const { text, number } of this.#words.values()) {
      const start = this.#starts[number] as number
      this.#units.set(old.subarray(start, start + text.length), this.#end)
      this.#starts[number] = this.#end
      this.#end += text.length
    }
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
