import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import type { Resource } from '../cdk/synthesised.ts'
import { installExample } from '../support/example.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The package as it is in the checkout, unbuilt. */
const FROM_SOURCE = 'leveret-source'

describe('docs/examples/order-events', { timeout: 300_000 }, () => {
  const example = installExample('order-events')
  afterAll(() => example.remove())

  test('is typed', async () => {
    const compiler = join(root, 'node_modules/.bin/tsc')
    const options = ['--customConditions', FROM_SOURCE, '--exactOptionalPropertyTypes']
    const { stdout } = await run(compiler, options, { cwd: example.directory }).catch(({ stdout }) => ({ stdout }))
    expect(stdout).toBe('')
  })

  test('is synthesised', async () => {
    const outdir = join(example.directory, 'cdk.out')
    const env = {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [] }),
    }
    await run(process.execPath, ['--conditions', FROM_SOURCE, 'app.ts'], { cwd: example.directory, env })
    const { Resources } = JSON.parse(readFileSync(join(outdir, 'OrderEvents.template.json'), 'utf8')) as {
      Resources: Record<string, Resource>
    }
    const resources = Object.values(Resources)
    const told = resources.find(({ Type }) => Type === 'Custom::LeveretBootstrap')?.Properties
    expect(told?.SqsQueues).toHaveLength(3)
    const mapping = resources.filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
    expect(JSON.stringify(mapping)).toContain('invoices')
  })
})
