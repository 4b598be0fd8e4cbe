import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSecret } from '../../../lib/journal/secret.ts'
import { callApi } from '../../support/embedded.ts'
import { type Example, installExample } from '../../support/example.ts'
import { awsOptions, messagesIn, physicalIds } from '../aws-calls.ts'
import { sendToCustomResource } from '../custom-resource.ts'
import { siteFromEnvironment } from '../site.ts'

/** docs/examples/order-events, deployed from the built package as its README says. */

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const site = siteFromEnvironment()
const STACK = 'OrderEvents'
const DEPLOY_DEADLINE_MS = 600_000

let example: Example
let outputs: Readonly<Record<'Url' | 'ShopSecret' | 'ShipmentsQueueUrl', string>>
let worker: ChildProcess | undefined

const cdk = (...args: string[]) =>
  run(join(root, 'node_modules/.bin/cdk'), [...args, '--progress', 'events', '--ci'], { cwd: example.directory })

beforeAll(async () => {
  await run(process.execPath, ['cdk/build/build.ts'], { cwd: root })
  example = installExample('order-events')
  const outputsFile = join(example.directory, 'outputs.json')
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', outputsFile)
  outputs = JSON.parse(readFileSync(outputsFile, 'utf8'))[STACK]
}, DEPLOY_DEADLINE_MS)
afterAll(async () => {
  worker?.kill()
  await cdk('destroy', '--force')
  example.remove()
})

/** What the stack tells the broker, with what CloudFormation would have put in for its references. */
async function toldProperties(ids: ReadonlyMap<string, string>): Promise<Readonly<Record<string, unknown>>> {
  const file = join(example.directory, `cdk.out/${STACK}.template.json`)
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
  }
  const told = Object.values(Resources).find(({ Type }) => Type === 'Custom::LeveretBootstrap')?.Properties
  const resolve = (_key: string, value: Reference | null): unknown => {
    const { Ref: reference, 'Fn::GetAtt': [id] = [] } = value ?? {}
    if (reference !== undefined) return ids.get(reference)
    return id === undefined ? value : `arn:aws:sqs:us-east-1:000000000000:${ids.get(id)?.split('/').at(-1)}`
  }
  return JSON.parse(JSON.stringify(told), resolve) as Readonly<Record<string, unknown>>
}

interface Reference {
  readonly Ref?: string
  readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string]
}

test('the app of the example does what its page says', async () => {
  const ids = await physicalIds(site, STACK)
  const answer = await sendToCustomResource(site, 'Create', await toldProperties(ids), STACK)
  expect(answer).toMatchObject({ Status: 'SUCCESS' })

  const [, apiId, stage] = /^https:\/\/([^.]+)\.execute-api\.[^/]+\/([^/]+)/.exec(outputs.Url) ?? []
  const url = `${site.url}/_aws/execute-api/${apiId}/${stage}`
  const shop = { url, ...JSON.parse(await readSecret(outputs.ShopSecret, awsOptions(site))) }
  const order = { id: '4711', customer: 'ann', total: 99.5, state: 'paid' }
  const published = await callApi(shop, 'POST', '/api/exchanges/%2F/order-events/publish', {
    routing_key: 'order.paid',
    properties: { headers: { customer: 'ann' } },
    payload: JSON.stringify(order),
    payload_encoding: 'string',
  })
  expect(published).toMatchObject({ status: 200, body: { routed: true } })

  const got = await callApi(shop, 'POST', '/api/queues/%2F/audit/get', {
    ...{ count: 10, ackmode: 'ack_requeue_false', encoding: 'auto' },
  })
  expect(got.body).toMatchObject([{ routing_key: 'order.paid', payload: JSON.stringify(order) }])
  expect((await callApi(shop, 'POST', '/api/queues/%2F/invoices/get', {})).status).not.toBe(200)

  worker = spawn(process.execPath, ['shipping.ts'], {
    cwd: example.directory,
    env: { ...process.env, QUEUE_URL: outputs.ShipmentsQueueUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  worker.stdout?.on('data', (text) => {
    printed += text
  })
  await expect.poll(() => printed, { timeout: 60_000 }).toContain('order 4711 is paid')

  const [, invoicesUrl = ''] = [...ids].find(([id]) => /invoicesSqsQueue[0-9A-F]{8}$/.test(id)) ?? []
  await expect.poll(() => messagesIn(site, invoicesUrl), { timeout: 60_000 }).toBe(0)
})
