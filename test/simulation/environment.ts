import type { Broker } from '../../lib/broker/broker.ts'
import { createBroker } from '../../lib/broker/open-broker.ts'
import { hasVhost, openSession, type VhostSession } from '../../lib/broker/session.ts'
import type { Config } from '../../lib/config.ts'
import { openDelivery } from '../../lib/delivery/delivery.ts'
import type { MemoryItemStore } from '../support/memory-item-store.ts'
import type { SimDatabase } from '../support/sim-database.ts'
import { SimProcess } from '../support/sim-process.ts'
import { SimStore } from '../support/sim-store.ts'
import type { SimWorld } from '../support/sim-world.ts'
import type { Conditions } from './conditions.ts'
import { blobLink, itemLink } from './item-link.ts'
import { Network } from './network.ts'
import { EPOCH_MS, type SimSqs } from './sqs/sim-sqs.ts'
import { sqsLink } from './sqs/sqs-link.ts'

/** What all environments of one run share. */
export interface Cloud {
  readonly world: SimWorld
  readonly config: Config
  readonly sqs: SimSqs
  readonly database: SimDatabase
  readonly items: MemoryItemStore
  readonly objects: Map<string, Uint8Array>
  /** As they are at the moment: there are none at the beginning and at the end. */
  readonly faults: () => Pick<Conditions, 'network' | 'journal'>
  readonly wallErrorMs: number
  /** Whether SQS fails whatever is asked of an SQS queue at the moment. */
  readonly isOut: (queueName: string) => boolean
}

/** A process that tells when it crashes. */
class Process extends SimProcess {
  readonly #crashed = Promise.withResolvers<'crashed'>()

  get crashed(): Promise<'crashed'> {
    return this.#crashed.promise
  }

  override crash(): void {
    super.crash()
    this.#crashed.resolve('crashed')
  }
}

/** One environment of the broker: a process, and connections of its own to everything. */
export class Environment {
  readonly process: Process
  readonly broker: Broker
  readonly #cloud: Cloud

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.process = new Process(cloud.world)
    this.stepWall()
    const network = new Network(this.process, () => cloud.faults().network)
    const blobs = blobLink(cloud.objects, network)
    const sqs = sqsLink(cloud.sqs, network, cloud.world, cloud.isOut)
    const items = itemLink(cloud.items, network)
    this.broker = createBroker({
      config: cloud.config,
      clock: this.process,
      store: new SimStore(this.process, cloud.database, () => cloud.faults().journal),
      blobs,
      delivery: openDelivery(cloud.config, blobs, this.process, sqs, items),
    })
  }

  /** Sets the wall clock to a time that is as wrong as the conditions allow. */
  stepWall(): void {
    const { world, wallErrorMs } = this.#cloud
    const trueMs = EPOCH_MS + world.nowMs
    this.process.stepWall(Math.floor(trueMs + world.between(-wallErrorMs, wallErrorMs)) - this.process.wallMs())
  }

  /** A request of the administrator about a vhost, which arrives now. */
  async session(vhost: string, confirm = false): Promise<VhostSession> {
    const session = await openSession(this.broker, {
      arrival: this.broker.journals.arrival(),
      vhost,
      confirm,
      authenticate: (access) => {
        const user = access.users.get('guest')
        if (!user) throw new Error('the administrator is missing')
        return user
      },
    })
    if (!hasVhost(session)) throw new Error(`vhost ${vhost} is missing`)
    return session
  }
}
