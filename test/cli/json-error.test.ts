import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { locateJsonError } from '../../lib/cli/definitions/json-error.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('the place where a text stops being JSON', () => {
  it.each([
    ['', 1, 1],
    ['{', 1, 2],
    ['{"a": x}', 1, 7],
    ['{"a": 1,}', 1, 9],
    ['[1 2]', 1, 4],
    ['[1,\n 2,\n ]', 3, 2],
    ['{"a"\n1}', 2, 1],
    ['{"a": "b\n"}', 1, 7],
    ['{} {}', 1, 4],
    ['[01]', 1, 2],
    ["{'a': 1}", 1, 2],
    ['{"a": [}', 1, 8],
    ['truely', 1, 5],
  ])('in %j is line %i, column %i', (text, line, column) => {
    expect(locateJsonError(text)).toEqual({ line, column })
  })

  it('is nowhere exactly where JSON.parse finds none', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', ':', '0', '.', '-', '\\', '\u0001', 't', ' '))
      .map(([json, seed, damage]) => {
        const at = seed % (json.length + 1)
        return json.slice(0, at) + damage + json.slice(damage === '' ? at + 1 : at)
      })
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        expect(locateJsonError(text) === undefined).toBe(isJson(text))
      }),
      { numRuns: 2000 },
    )
  })
})
