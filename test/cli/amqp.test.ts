import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Client, openClient } from '../amqp/client.ts'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { type Patient, PREFIX, startPatient, TABLE } from './patient.ts'
import { runLeveret } from './spawn-leveret.ts'

const PLACE = ['--table', TABLE, '--messages-table', 'leveret-local-messages', '--bucket', 'leveret-local-blobs']

/** A sidecar of the patient's broker, until the test ends. */
async function startSidecar(patient: Patient, ...args: string[]) {
  const sidecar = patient.spawnLeveret('amqp', '--port', '0', ...args)
  const [, port] = await sidecar.seen(/Broker leveret-local speaks AMQP 0-9-1: amqp:\/\/localhost:(\d+)/)
  const connect = async (password = 'guest'): Promise<Client> => {
    const client = await openClient({ port: Number(port) }, { password })
    onTestFinished(() => client.destroy())
    return client
  }
  return { sidecar, connect }
}

describe('leveret amqp', { timeout: 60_000 }, () => {
  it('speaks AMQP for a broker that is somewhere else, with its users', async () => {
    const patient = await startPatient()
    const sqsUrl = await patient.declare('jobs')
    const { connect } = await startSidecar(patient, ...PLACE)
    const channel = await (await connect()).openChannel()
    await channel.call('confirm.select')
    channel.publish({ routingKey: 'jobs', payload: 'hello' })
    await channel.event('basic.ack')
    expect((await channel.get({ queue: 'jobs', noAck: true }))?.payload?.toString()).toBe('hello')

    await channel.call('queue.declare', { queue: 'made-here', durable: true })
    expect((await patient.call('GET', '/api/queues/%2F/made-here')).status).toBe(200)
    expect(await patient.urls()).toContain(sqsUrl)
    await expect(connect('wrong')).rejects.toThrow(/403 ACCESS_REFUSED/)
  })

  it('tells its clients that it ends, gives back what they hold, and ends with code 0', async () => {
    const patient = await startPatient()
    await patient.declare('jobs')
    const { sidecar, connect } = await startSidecar(patient, ...PLACE)
    const client = await connect()
    const channel = await client.openChannel()
    await channel.call('basic.consume', { queue: 'jobs', consumerTag: 'c' })
    channel.publish({ routingKey: 'jobs', payload: 'held' })
    await channel.event('basic.deliver')
    sidecar.kill('SIGTERM')
    expect(await client.ended).toMatchObject({
      replyCode: 320,
      replyText: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
    })
    expect(await sidecar.ended).toBe(0)
    const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const { body } = await patient.call('POST', '/api/queues/%2F/jobs/get', get)
    expect(body).toMatchObject([{ payload: 'held', redelivered: true }])
  })

  it('finds the broker in the outputs of a deployment', async () => {
    const patient = await startPatient()
    const file = join(temporaryDirectory(), 'outputs.json')
    const outputs = {
      TopologyTable: TABLE,
      MessagesTable: 'leveret-local-messages',
      BlobsBucket: 'leveret-local-blobs',
    }
    writeFileSync(file, JSON.stringify({ Site: { Url: 'https://example.org' }, Leveret: outputs, Second: outputs }))
    expect(await patient.leveret('amqp', '--outputs', file)).toMatchObject({
      code: 2,
      output: expect.stringMatching(/several brokers: say --stack, one of Leveret, Second/),
    })
    expect(await patient.leveret('amqp', '--outputs', file, '--stack', 'Site')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/has no stack 'Site' with the outputs TopologyTable/),
    })
    const { sidecar, connect } = await startSidecar(patient, '--outputs', file, '--stack', 'Leveret')
    await connect()
    expect(sidecar.output()).toContain(PREFIX)
  })

  it.each([
    [[], /^--outputs is missing, or --table, --messages-table and --bucket/],
    [['--table', TABLE], /^--messages-table is missing/],
    [['--stack', 'Leveret', ...PLACE], /^--stack goes with --outputs/],
    [['--outputs', 'outputs.json', ...PLACE], /^--outputs says which broker/],
    [[...PLACE, '--port', 'amqp'], /^--port takes a number from 0 to 65535, not 'amqp'/],
    [[...PLACE, '--tls-cert', 'cert.pem'], /^--tls-key is missing/],
    [[...PLACE, '--tls-ca', 'ca.pem'], /^--tls-cert is missing/],
    [[...PLACE, '--tls-cert', 'none.pem', '--tls-key', 'none.pem'], /^--tls-cert cannot be read: ENOENT/],
  ])('refuses %j with code 2', async (args, why) => {
    expect(await runLeveret(['amqp', ...args])).toMatchObject({ code: 2, output: expect.stringMatching(why) })
  })

  it('says what to do where there is no such broker, no credentials, or no such address', async () => {
    const patient = await startPatient()
    const missing = ['--table', 'none', '--messages-table', 'none', '--bucket', 'none']
    expect(await patient.leveret('amqp', ...missing)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/table none .*--region.*AWS_PROFILE.*leveret amqp --help/s),
    })
    const nobody = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    }
    expect(await runLeveret(['amqp', '--region', 'eu-west-1', ...PLACE], nobody)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/could not be used.*AWS credentials/s),
    })
    expect(await patient.leveret('amqp', ...PLACE, '--host', '203.0.113.1')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/none of the addresses 203.0.113.1/),
    })
  })
})
