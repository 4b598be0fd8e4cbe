import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'leveret-published-')))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What a project that uses the package has beside it: its dependencies, and CDK's libraries; no esbuild, no TypeScript. */
const INSTALLED = [
  ...Object.keys(packageJson.dependencies),
  ...Object.keys(packageJson.optionalDependencies),
  'aws-cdk-lib',
  'constructs',
]

let tarball = ''
beforeAll(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', scratch], { cwd: root, stdio: 'pipe' })
  const [file] = readdirSync(scratch).filter((name) => name.endsWith('.tgz'))
  if (file === undefined) throw new Error('npm pack left no tarball')
  tarball = join(scratch, file)
})

/** A fresh project with the package installed; nothing is downloaded. */
function createProject(name: string, type: 'commonjs' | 'module'): string {
  const project = join(scratch, name)
  const installed = join(project, 'node_modules', 'leveret')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const dependency of INSTALLED) link(project, dependency)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, version: '1.0.0', type }))
  return project
}

function link(project: string, dependency: string): void {
  const place = join(project, 'node_modules', dependency)
  mkdirSync(join(place, '..'), { recursive: true })
  symlinkSync(join(root, 'node_modules', dependency), place)
}

/** Runs a file of the project; answers what it printed, as JSON. */
async function runFile(project: string, file: string, source: string): Promise<unknown> {
  writeFileSync(join(project, file), source)
  const { stdout } = await run(process.execPath, [file], { cwd: project })
  return JSON.parse(stdout)
}

const importing = (type: 'commonjs' | 'module', names: string, from: string): string =>
  type === 'module' ? `import { ${names} } from '${from}'` : `const { ${names} } = require('${from}')`

const FIRST_MESSAGE = `
async function main() {
  const leveret = await startLeveret()
  try {
    const call = async (method, path, body) => {
      const authorization = 'Basic ' + btoa(leveret.username + ':' + leveret.password)
      const headers = { authorization, 'content-type': 'application/json' }
      const answer = await fetch(leveret.url + path, { method, headers, body: JSON.stringify(body) })
      return answer.status === 200 ? answer.json() : answer.status
    }
    const declared = await call('PUT', '/api/queues/%2F/first', { durable: true })
    const message = { properties: {}, routing_key: 'first', payload: 'hello', payload_encoding: 'string' }
    const published = await call('POST', '/api/exchanges/%2F/amq.default/publish', message)
    const got = await call('POST', '/api/queues/%2F/first/get', { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' })
    const decoded = await decode({ Body: 'raw' }, { queue: 'first' })
    console.log(JSON.stringify({ declared, published, payload: got[0].payload, decoded: decoded.routingKey }))
  } finally {
    await leveret.close()
  }
}
main()
`

const APP = `
const app = new App({ outdir: 'cdk.out' })
const stack = new Stack(app, 'Orders')
const amqp = { newVpc: true, internal: true, withoutTls: true }
const broker = new Leveret(stack, 'Broker', { amqp })
broker.addQueue('orders').bindTo(broker.addExchange('events', { type: 'topic' }), { routingKey: '#' })
const { template } = app.synth().getStackByName('Orders')
console.log(JSON.stringify(Object.values(template.Resources).map(({ Type }) => Type)))
`

/** Uses every export as a typed project does. */
const TYPED = `
import { App, Stack } from 'aws-cdk-lib'
import { type AmqpProps, Definitions, type IBrokerExchange, Leveret, type LeveretProps } from 'leveret'
import { decode, type ConsumedMessage } from 'leveret/consumer'
import { startLeveret, type RunningLeveret } from 'leveret/testing'
const amqp: AmqpProps = { newVpc: true, internal: true, withoutTls: true, tasks: 1 }
const props: LeveretProps = { amqp }
const broker = new Leveret(new Stack(new App(), 'Orders'), 'Broker', props)
export const url: string = broker.url
const events: IBrokerExchange = broker.addExchange('events', { type: 'topic' })
export const arn: string = broker.addQueue('orders').bindTo(events, { routingKey: '#' }).sqsQueue.queueArn
broker.addDefinitions('Shop', Definitions.fromInline({}))
// @ts-expect-error An exchange has a type.
broker.addExchange('untyped', {})
export const running: Promise<RunningLeveret> = startLeveret({ port: 0, amqpPort: 0 })
export const amqpUrl: Promise<string> = running.then((leveret) => leveret.amqpUrl)
export const message: Promise<ConsumedMessage> = decode({ Body: 'raw' })
// @ts-expect-error A port is a number.
void startLeveret({ port: '0' })
`

describe.each(['commonjs', 'module'] as const)('the packed package in a fresh %s project', (type) => {
  let project = ''
  beforeAll(() => {
    project = createProject(`app-${type}`, type)
  })

  test('starts a broker, publishes and gets, and decodes', async () => {
    const imports = [
      importing(type, 'startLeveret', 'leveret/testing'),
      importing(type, 'decode', 'leveret/consumer'),
    ].join('\n')
    expect(await runFile(project, 'first.js', `${imports}\n${FIRST_MESSAGE}`)).toEqual({
      declared: 201,
      published: { routed: true },
      payload: 'hello',
      decoded: 'first',
    })
  })

  test('synthesises a stack from its own bundles, without esbuild', async () => {
    const imports = [importing(type, 'App, Stack', 'aws-cdk-lib'), importing(type, 'Leveret', 'leveret')].join('\n')
    const resources = await runFile(project, 'app.js', `${imports}\n${APP}`)
    expect(resources).toEqual(expect.arrayContaining(['AWS::Lambda::Function', 'AWS::DynamoDB::GlobalTable']))
    const files = readdirSync(join(project, 'cdk.out'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => file.endsWith('/Dockerfile'))).toHaveLength(1)
    for (const name of ['publish', 'consume', 'manage', 'relay', 'clock', 'gateway']) {
      expect(files.filter((file) => file.endsWith(`/${name}.mjs`))).toHaveLength(1)
    }
  })

  test('has types for all that it exports', async () => {
    for (const types of ['@types/node', 'undici-types']) link(project, types)
    writeFileSync(join(project, 'typed.ts'), TYPED)
    const compilerOptions = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
    const compiling = run(join(root, 'node_modules/.bin/tsc'), ['--project', project]).catch(({ stdout }) => ({
      stdout,
    }))
    expect((await compiling).stdout).toBe('')
  })

  test('has the command line', async () => {
    const program = join(project, 'node_modules/leveret', packageJson.bin.leveret)
    expect((await run(process.execPath, [program, '--version'])).stdout).toBe(`${packageJson.version}\n`)
    const doctor = run(process.execPath, [program, 'doctor'])
    await expect(doctor).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--table is missing') })
    const amqp = run(process.execPath, [program, 'amqp', '--table', 't', '--messages-table', 'm'])
    await expect(amqp).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--bucket is missing') })
  })
})

test('the packed package holds what is exported, and none of its sources or tests', () => {
  const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n')
  for (const entry of ['.', './consumer', './testing'] as const) {
    const { types, default: file } = packageJson.exports[entry]
    for (const path of [types, file]) expect(files).toContain(path.replace('./', 'package/'))
  }
  expect(files.filter((file) => /(?<!\.d)\.ts$|\/test\//.test(file))).toEqual([])
})

test('its names can be imported unbuilt in the checkout, by a condition', async () => {
  const source = `import { decode } from 'leveret/consumer'; import { startLeveret } from 'leveret/testing';
    console.log(JSON.stringify([typeof decode, typeof startLeveret, import.meta.resolve('leveret/consumer')]))`
  const options = ['--conditions=leveret-source', '--input-type=module', '--eval', source]
  const { stdout } = await run(process.execPath, options, { cwd: root })
  expect(JSON.parse(stdout)).toEqual(['function', 'function', expect.stringMatching(/lib\/delivery\/consumer\.ts$/)])
})
