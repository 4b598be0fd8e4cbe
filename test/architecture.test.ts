import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The rooms of lib, in the order in which they may know each other: each imports only from those before it. */
const ROOMS = ['model', 'routing', 'topology', 'journal', 'delivery', 'access', 'broker', 'api', 'amqp', 'local', 'cli']
/** Rooms that decide: no I/O, no clock, no chance. */
const PURE_ROOMS = ['model', 'routing', 'topology', 'access']
/** What pure rooms may use of Node: functions of their arguments. */
const PURE_BUILT_INS = ['node:buffer', 'node:crypto']
/** Rooms with a door to AWS. */
const AWS_ROOMS = ['journal', 'delivery', 'local']

interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
  /** Those of them that have to be run before it. */
  readonly needs: readonly string[]
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g

/** Imports that are gone when types are: nothing is loaded for them. */
const TYPE_IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?:type\b|\{(?:\s*type\s[^,}]*,?)+\s*\})[^'"=]*?from\s+['"][^'"]+['"]/g

function filesIn(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, 'utf8')
      return {
        path: relative(root, file),
        text,
        imports: importsOf(file, text),
        needs: importsOf(file, text.replace(TYPE_IMPORT, '')),
      }
    })
}

const importsOf = (file: string, text: string): string[] =>
  Array.from(text.matchAll(IMPORT), ([, from, dynamic, bare]) => resolved(file, from ?? dynamic ?? bare ?? ''))

const resolved = (file: string, name: string): string =>
  name.startsWith('.') ? relative(root, resolve(dirname(file), name)) : name

const roomOf = (path: string): string | undefined => /^lib\/([a-z]+)\//.exec(path)?.[1]

const lib = filesIn('lib')
const functions = filesIn('functions')

/** `file → import` of every import that breaks a rule; the message of a failing test names them. */
const breaches = (files: readonly SourceFile[], isBreach: (file: SourceFile, imported: string) => boolean): string[] =>
  files.flatMap((file) =>
    file.imports.filter((imported) => isBreach(file, imported)).map((imported) => `${file.path} → ${imported}`),
  )

describe('the house', () => {
  test('has files in it, or the rules below would hold of nothing', () => {
    expect(lib.length).toBeGreaterThan(50)
    expect(lib.flatMap(({ imports }) => imports).length).toBeGreaterThan(100)
  })

  test('has no rooms but the known ones', () => {
    const unknown = lib.filter(({ path }) => roomOf(path) !== undefined && !ROOMS.includes(roomOf(path) ?? ''))
    expect(unknown.map(({ path }) => path)).toEqual([])
  })

  test('lets a room import only from those before it', () => {
    const isUpward = ({ path }: SourceFile, imported: string) => {
      const [from, to] = [roomOf(path), roomOf(imported)]
      return from !== undefined && to !== undefined && ROOMS.indexOf(to) > ROOMS.indexOf(from)
    }
    expect(breaches(lib, isUpward)).toEqual([])
  })

  test('keeps I/O, clocks and chance out of the rooms that decide', () => {
    const pure = lib.filter(({ path }) => PURE_ROOMS.includes(roomOf(path) ?? ''))
    const isImpure = (_file: SourceFile, imported: string) =>
      imported.startsWith('node:') && !PURE_BUILT_INS.includes(imported)
    expect(breaches(pure, isImpure)).toEqual([])
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomBytes\(|\bperformance\.|\bfetch\(|\bsetTimeout\(/
    expect(pure.filter(({ text }) => impure.test(withoutComments(text))).map(({ path }) => path)).toEqual([])
  })

  test('has its doors to AWS in three rooms only', () => {
    const isAws = ({ path }: SourceFile, imported: string) =>
      imported.startsWith('@aws-sdk/') && !AWS_ROOMS.includes(roomOf(path) ?? '')
    expect(breaches([...lib, ...functions], isAws)).toEqual([])
  })

  test('reads the environment in lib/config.ts only', () => {
    const readers = [...lib, ...functions].filter(({ text }) => /process\.env/.test(withoutComments(text)))
    expect(readers.map(({ path }) => path)).toEqual(['lib/config.ts'])
  })

  test('knows the Lambda functions in the embedded cloud only, at one place', () => {
    expect(
      breaches(lib, ({ path }, imported) => imported.startsWith('functions/') && path !== 'lib/local/handlers.ts'),
    ).toEqual([])
  })

  test('deploys handlers by their path: of lib the stack imports configuration, names and rooms that decide', () => {
    const allowed = ['lib/config.ts', 'lib/metrics.ts', 'lib/delivery/messages-table.ts', 'lib/journal/table.ts']
    const isAllowed = (imported: string) => allowed.includes(imported) || PURE_ROOMS.includes(roomOf(imported) ?? '')
    const isForbidden = (_file: SourceFile, imported: string) =>
      imported.startsWith('functions/') || (imported.startsWith('lib/') && !isAllowed(imported))
    expect(breaches(filesIn('cdk'), isForbidden)).toEqual([])
  })

  test('has no circle of files that need each other', () => {
    const files = new Map([...lib, ...functions].map((file) => [file.path, file]))
    const done = new Set<string>()
    const circlesFrom = (path: string, before: readonly string[]): string[] => {
      if (before.includes(path)) return [[...before.slice(before.indexOf(path)), path].join(' → ')]
      if (done.has(path)) return []
      const circles = (files.get(path)?.needs ?? []).flatMap((needed) => circlesFrom(needed, [...before, path]))
      done.add(path)
      return circles
    }
    expect([...files.keys()].flatMap((path) => circlesFrom(path, []))).toEqual([])
  })

  test('has functions of at most sixty lines: they translate, lib thinks', () => {
    expect(functions.filter(({ text }) => text.split('\n').length > 60).map(({ path }) => path)).toEqual([])
  })

  test('has no file of more than three hundred lines', () => {
    expect([...lib, ...functions].filter(({ text }) => text.split('\n').length > 300).map(({ path }) => path)).toEqual(
      [],
    )
  })
})

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
