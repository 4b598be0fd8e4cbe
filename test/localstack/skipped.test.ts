import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SKIPPED_FILES, SKIPPED_TESTS, testNamePattern } from './skipped.ts'

const integration = new URL('../integration/', import.meta.url)
const files = readdirSync(integration).filter((name) => name.endsWith('.test.ts'))
const textOf = (name: string): string => readFileSync(new URL(name, integration), 'utf8')
const source = files.map(textOf).join('\n')

describe('what is left out on LocalStack', () => {
  test.each(Object.keys(SKIPPED_FILES))('%s is a file of the suite', (name) => {
    expect(files).toContain(name)
  })

  test('are all files that would run beside the deployed broker', () => {
    const askForNone = files.filter((name) => !textOf(name).includes('useLeveret('))
    expect(Object.keys(SKIPPED_FILES)).toEqual(expect.arrayContaining(askForNone))
  })

  test.each(Object.keys(SKIPPED_TESTS))('"%s" is a test of the suite, and the pattern leaves it out', (name) => {
    expect(source).toContain(name)
    const pattern = new RegExp(testNamePattern())
    expect(pattern.test(`a describe block > ${name}`)).toBe(false)
    expect(pattern.test('a describe block > another test')).toBe(true)
  })
})
