import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildFunction } from '../../cdk/bundle.ts'
import { buildGateway } from '../../cdk/gateway-image.ts'

const NAMES = ['publish', 'consume', 'manage', 'relay', 'dead-letter', 'clock', 'bootstrap'] as const
const MAX_PUBLISH_BYTES = 1.2 * 1_048_576

type Outputs = ReturnType<typeof buildFunction>['metafile']['outputs']

let root = ''
const outputs = new Map<string, Outputs>()

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'leveret-bundles-'))
  for (const name of NAMES) outputs.set(name, buildFunction(name, join(root, name)).metafile.outputs)
}, 60_000)
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** What an environment loads before it can serve: the entry and all that it imports, but not what is imported on demand. */
function loadedAtStart(name: string): string[] {
  const files = outputs.get(name) ?? {}
  const entry = Object.keys(files).find((file) => basename(file) === `${name}.mjs`) ?? ''
  const loaded = new Set([entry])
  for (const file of loaded) {
    for (const { path, kind } of files[file]?.imports ?? [])
      if (kind === 'import-statement' && path in files) loaded.add(path)
  }
  return [...loaded]
}

const bytesOf = (files: Outputs): number => Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)

describe('the bundle of the gateway', () => {
  const folder = () => join(root, 'gateway')
  let built: Outputs = {}
  beforeAll(() => {
    built = buildGateway(folder()).metafile.outputs
  }, 60_000)

  test('is beside the Dockerfile, which copies nothing else', () => {
    const files = readdirSync(folder())
    expect(files).toEqual(expect.arrayContaining(['Dockerfile', 'gateway.mjs']))
    expect(files.filter((file) => file !== 'Dockerfile' && !file.endsWith('.mjs'))).toEqual([])
  })

  test('needs nothing but Node beside what is in it', () => {
    const outside = Object.values(built).flatMap(({ imports }) => imports.filter(({ external }) => external))
    expect(outside.map(({ path }) => path).filter((path) => !isBuiltin(path))).toEqual([])
  })

  test('is read by Node, and says what is missing where nobody has told it of a broker', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder(), 'gateway.mjs')], {
      encoding: 'utf8',
      env: {},
    })
    expect(status).toBe(1)
    expect(stderr).toContain('the environment variable LEVERET_NAME_PREFIX is missing')
  })

  test('holds no part of the embedded cloud, and no API', () => {
    const inputs = Object.values(built).flatMap((output) => Object.keys(output.inputs))
    expect(inputs.some((input) => input.includes('lib/amqp/'))).toBe(true)
    expect(inputs.filter((input) => /lib\/local\/|node_modules\/hono\//.test(input))).toEqual([])
  })
})

describe('a bundle', () => {
  test.each(NAMES)('of %s is loaded by Node as it is and exports its handler', async (name) => {
    const loaded = (await import(pathToFileURL(join(root, name, `${name}.mjs`)).href)) as { handler?: unknown }
    expect(loaded.handler).toBeTypeOf('function')
  })

  test.each(NAMES)('of %s needs nothing but Node beside what is in it', (name) => {
    const imports = Object.values(outputs.get(name) ?? {}).flatMap((output) => output.imports)
    const outside = imports.filter(({ external, path }) => external === true && !isBuiltin(path))
    expect(outside.map(({ path }) => path)).toEqual([])
  })

  test('of publish is at most 1.2 MB with all that it may load', () => {
    expect(bytesOf(outputs.get('publish') ?? {})).toBeLessThanOrEqual(MAX_PUBLISH_BYTES)
  })

  test('of publish loads the client of S3 on demand only', () => {
    const inputsAtStart = loadedAtStart('publish').flatMap((file) =>
      Object.keys(outputs.get('publish')?.[file]?.inputs ?? {}),
    )
    expect(inputsAtStart.some((input) => input.includes('@aws-sdk/client-sqs'))).toBe(true)
    expect(inputsAtStart.filter((input) => input.includes('@aws-sdk/client-s3'))).toEqual([])
  })
})
