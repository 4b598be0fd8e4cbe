import { describe, expect, it } from 'vitest'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { encodeIntent } from '../../lib/journal/intents.ts'
import { type Patient, startPatient, TABLE } from './patient.ts'

function openStore({ endpoint }: Patient) {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return openDynamoDbStore({
    aws: { region: 'us-east-1', credentials, endpoints: { dynamodb: endpoint } },
    topologyTable: TABLE,
  })
}

describe('leveret restore', { timeout: 60_000 }, () => {
  it('shows how far the journals go, and changes nothing until it is told to', async () => {
    const patient = await startPatient()
    await patient.declare('jobs')
    const store = openStore(patient)
    const before = await store.readHeads(['access'])
    const { code, printed, output } = await patient.leveret('restore', '--table', TABLE)
    expect(code).toBe(1)
    expect(printed).toMatch(/^Broker leveret-local:$/m)
    expect(printed).toMatch(/^ {2}users and vhosts: version \d+, of \S+Z by leveret$/m)
    expect(printed).toMatch(/^ {2}vhost '\/': version 2, of \S+Z by guest$/m)
    expect(output).toMatch(/^Nothing was changed/m)
    expect(await store.readHeads(['access'])).toEqual(before)
    store.close()
  })

  it('begins a new branch in every journal and forgets what was being declared; the broker goes on', async () => {
    const patient = await startPatient()
    await patient.declare('jobs')
    const store = openStore(patient)
    const intent = { createdMs: 0, body: { sqsQueues: ['leveret-local-lost-0123456789'] } }
    await store.putIntent(encodeIntent({ ...intent, id: 'made', state: 'creating' }))
    await store.putIntent(encodeIntent({ ...intent, id: 'left', state: 'deleting' }))
    const epochs = async () => Array.from(await store.readHeads(['access']), ([, { epoch }]) => epoch)
    const before = await epochs()

    const restored = await patient.leveret('restore', '--table', TABLE, '--yes')
    expect(restored.code).toBe(0)
    expect(restored.output).toMatch(/^done: forget 1 declarations that were under way$/m)
    expect(restored.output).toMatch(/^ {2}npm run deploy -- -c leveret:existingTable=leveret-local-topology/m)
    const after = await epochs()
    expect(after).not.toEqual(before)
    expect((await store.listIntents()).map(({ id }) => id)).toEqual(['left'])
    const again = await patient.leveret('restore', '--table', TABLE, '--yes')
    expect(again).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/vhost '\/': version 3, of \S+ by leveret$/m),
    })
    store.close()

    await patient.declare('more')
    const { body } = await patient.call('GET', '/api/queues/%2F?columns=name')
    expect(body).toEqual([{ name: 'jobs' }, { name: 'more' }])
  })

  it('says that a table is none of a broker', async () => {
    const patient = await startPatient()
    const { code, output } = await patient.leveret('restore', '--table', 'missing', '--yes')
    expect(code).toBe(1)
    expect(output).toMatch(/^table missing could not be used: /)
  })
})
