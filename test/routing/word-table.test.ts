import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WordTable } from '../../lib/routing/word-table.ts'

/** As a match looks it up: in the midst of a key. */
const find = (table: WordTable, word: string): number => table.numbersOf(`x.${word}.x`)[1] as number

/** FNV-1a, as the table has it. */
const hashOf = (word: string): number =>
  Array.from({ length: word.length }, (_, at) => word.charCodeAt(at)).reduce(
    (hash, unit) => Math.imul(hash ^ unit, 0x01000193),
    0x811c9dc5 | 0,
  )

/** Words of one length and one hash, found by trying. */
function colliding(): [string, string] {
  const byHash = new Map<number, string>()
  for (let number = 0; ; number += 1) {
    const word = number.toString(36).padStart(6, '0')
    const other = byHash.get(hashOf(word))
    if (other !== undefined) return [other, word]
    byHash.set(hashOf(word), word)
  }
}

describe('the table of words', () => {
  it('finds the words that are used, each by a number of its own', () => {
    const words = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'abc', 'ä', '😀')
    const steps = fc.array(fc.record({ word: words, isAdded: fc.boolean() }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (all) => {
        const table = new WordTable()
        const uses = new Map<string, number>()
        for (const { word, isAdded } of all) {
          const before = uses.get(word) ?? 0
          if (isAdded) table.add(word)
          else table.remove(word)
          uses.set(word, Math.max(0, before + (isAdded ? 1 : -1)))
        }
        const used = [...uses].filter(([, count]) => count > 0).map(([word]) => word)
        expect(table.size).toBe(used.length)
        expect(new Set(used.map((word) => find(table, word))).size).toBe(used.length)
        for (const [word, count] of uses) {
          expect(find(table, word) > 0).toBe(count > 0)
          expect(table.numberOf(word)).toBe(find(table, word))
        }
      }),
    )
  })

  it('keeps words apart however many come and go, and however long they are', () => {
    const words = Array.from({ length: 60 }, (_, number) => `${'long'.repeat(number % 20)}${number}`)
    const steps = fc.array(fc.nat(words.length - 1), { minLength: 200, maxLength: 400, size: 'max' })
    fc.assert(
      fc.property(steps, (toggled) => {
        const table = new WordTable()
        const used = new Set<string>()
        for (const number of toggled) {
          const word = words[number] ?? ''
          if (used.delete(word)) table.remove(word)
          else {
            used.add(word)
            table.add(word)
          }
        }
        for (const word of words) {
          expect(find(table, word)).toBe(table.numberOf(word))
          expect(find(table, word) > 0).toBe(used.has(word))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('reads keys of any length, a short one after a long one too', () => {
    const table = new WordTable()
    const last = table.add('last')
    const long = Array.from({ length: 300 }, () => 'word').join('.')
    expect(table.numbersOf(`${long}.last`).at(-1)).toBe(last)
    expect(table.numbersOf('lasting.last')).toEqual([0, last])
  })

  it('tells words of one hash from each other, whichever goes first', () => {
    const [first, second] = colliding()
    for (const gone of [first, second]) {
      const table = new WordTable()
      table.add(first)
      expect(find(table, second)).toBe(0)
      table.add(second)
      const numbers = [find(table, first), find(table, second)]
      expect(new Set(numbers).size).toBe(2)
      table.remove(gone)
      expect(find(table, gone)).toBe(0)
      expect(find(table, gone === first ? second : first)).toBe(numbers[gone === first ? 1 : 0])
    }
  })
})
