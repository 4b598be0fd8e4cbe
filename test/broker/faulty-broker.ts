import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBootstrapped } from '../../lib/broker/bootstrap.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { createBroker } from '../../lib/broker/open-broker.ts'
import { hasVhost, openSession, type VhostSession } from '../../lib/broker/session.ts'
import { type Config, internalQueueName, internalQueues } from '../../lib/config.ts'
import { openDelivery } from '../../lib/delivery/delivery.ts'
import { openSqs, type SqsApi } from '../../lib/delivery/sqs-client.ts'
import type { Clock } from '../../lib/journal/clock.ts'
import { systemClock } from '../../lib/journal/clock.ts'
import { DirectoryBlobs } from '../../lib/journal/directory-blobs.ts'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { startSqsServer } from '../../lib/local/sqs/server.ts'
import { newCounters } from '../../lib/metrics.ts'
import { startDynoxide } from '../support/dynoxide.ts'

/** Throws in place of a call to SQS, or lets it pass by returning; called with the method's name and its input. */
export type Fault = (method: keyof SqsApi, input: unknown) => void

export interface FaultyBroker {
  readonly broker: Broker
  readonly config: Config
  /** What goes wrong from now on; none by default. */
  fault: Fault
  /** How far the wall clocks of the broker and of SQS are ahead. */
  aheadMs: number
  /** Where time stands, ms since 1970, so that what a test expects does not depend on how long it takes; by default it goes on. */
  stoppedAtMs: number | undefined
  /** What chance answers, 0 to 1; by default what it likes. */
  random: number | undefined
  session(): Promise<VhostSession>
  close(): Promise<void>
}

/** A broker over a real DynamoDB and the SQS engine, whose calls to SQS can be made to fail. */
export async function startFaultyBroker(): Promise<FaultyBroker> {
  const faulty = { fault: () => undefined, aheadMs: 0 } as unknown as FaultyBroker
  const now = (): number => (faulty.stoppedAtMs ?? Date.now()) + faulty.aheadMs
  const dynoxide = await startDynoxide()
  const sqsServer = await startSqsServer({ file: ':memory:', now })
  const directory = await mkdtemp(join(tmpdir(), 'leveret-broker-'))
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const config: Config = {
    namePrefix: 'leveret-test',
    topologyTable: await dynoxide.createTopologyTable(),
    messagesTable: await dynoxide.createMessagesTable(),
    blobs: `file://${directory}/`,
    sqsQueueUrlBase: `${sqsServer.endpoint}/000000000000`,
    sqsQueueArnBase: 'arn:aws:sqs:us-east-1:000000000000:',
    leaseMs: 0,
    fullPollWaitS: 0,
    countsCacheMs: 0,
    statisticsLagMs: 0,
    auth: 'basic',
    aws: {
      region: 'us-east-1',
      credentials,
      endpoints: { sqs: sqsServer.endpoint, dynamodb: dynoxide.aws.endpoints?.dynamodb ?? '' },
    },
  }
  const counters = newCounters()
  const store = openDynamoDbStore(config, counters)
  const blobs = new DirectoryBlobs(pathToFileURL(`${directory}/`))
  const clock: Clock = {
    ...systemClock,
    wallMs: now,
    random: () => faulty.random ?? Math.random(),
    sleep: async () => undefined,
  }
  const sqs = faultySqs(openSqs(config.aws), (method, input) => faulty.fault(method, input))
  const delivery = openDelivery(config, blobs, clock, sqs)
  const broker = createBroker({ config, clock, store, blobs, delivery, counters })
  await ensureBootstrapped(broker, { user: 'guest', password: 'guest' })
  for (const queue of internalQueues()) await broker.delivery.queues.create(internalQueueName(config, queue))
  return Object.assign(faulty, {
    broker,
    config,
    session: () => guestSession(broker),
    async close() {
      await broker.close()
      store.close()
      await sqsServer.close()
      await dynoxide.close()
      await rm(directory, { recursive: true })
    },
  })
}

async function guestSession(broker: Broker): Promise<VhostSession> {
  const session = await openSession(broker, {
    arrival: broker.journals.arrival(),
    vhost: '/',
    confirm: true,
    authenticate: (access) => {
      const user = access.users.get('guest')
      if (!user) throw new Error('guest is missing')
      return user
    },
  })
  if (!hasVhost(session)) throw new Error('vhost / is missing')
  return session
}

const faultySqs = (real: SqsApi, fault: Fault): SqsApi =>
  new Proxy(real, {
    get(target, method: keyof SqsApi) {
      const call = target[method] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        if (method !== 'close') fault(method, args[0])
        return call.apply(target, args)
      }
    },
  })
