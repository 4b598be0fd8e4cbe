import { createHandler as createClock } from '../../functions/clock.ts'
import { createHandler as createDeadLetter } from '../../functions/dead-letter.ts'
import { createHandler as createDelay } from '../../functions/delay.ts'
import { createHandler as createRelay } from '../../functions/relay.ts'
import { createHandler as createSweep } from '../../functions/sweep.ts'
import type { Config } from '../../lib/config.ts'
import { FED_QUEUES, type FedFunction, fedQueues, type InternalQueue, internalQueueName } from '../../lib/config.ts'
import { MemoryItemStore } from '../support/memory-item-store.ts'
import { SimDatabase } from '../support/sim-database.ts'
import { SimWorld } from '../support/sim-world.ts'
import { nextOperation } from './choices.ts'
import { type Conditions, drawConditions, NO_TROUBLE } from './conditions.ts'
import { checkTheEnd } from './ending.ts'
import { type Cloud, Environment } from './environment.ts'
import { type InvocationStage, type QueueHandler, startEventSource, startTicks } from './invocations.ts'
import { onBehalfOf } from './operation.ts'
import { createInternalQueues, queuesOf, setTheScene, setUp, VHOSTS } from './scenery.ts'
import { SimSqs } from './sqs/sim-sqs.ts'
import type { ClientOperation, Stage } from './stage.ts'
import { TopologyHistory } from './topology-history.ts'
import { Witness } from './witness.ts'
import { Witnesses } from './witnesses.ts'

const CONFIG: Omit<Config, 'leaseMs'> = {
  namePrefix: 'sim',
  topologyTable: 'topology',
  messagesTable: 'messages',
  blobs: 'file:///unused/',
  auth: 'basic',
  sqsQueueUrlBase: 'http://sqs/000000000000',
  sqsQueueArnBase: 'arn:aws:sqs:us-east-1:000000000000:',
  fullPollWaitS: 1,
  countsCacheMs: 5000,
  statisticsLagMs: 65_000,
  aws: {},
}

const FUNCTIONS: Readonly<Record<FedFunction, QueueHandler>> = {
  relay: createRelay,
  'dead-letter': createDeadLetter,
  delay: createDelay,
  sweep: createSweep,
}

/** What API Gateway lets a request take. */
const CLIENT_TIMEOUT_MS = 29_000
/** A new environment takes the place of one that crashed. */
const RESTART_MS = 300
/** Unfinished work is the clock's after ten minutes; by then every message that was hidden is back too. */
const QUIET_MS = 15 * 60_000
/** What nobody has announced in time is found by the clock, and delivered, within so long. */
const SETTLE_MS = 5 * 60_000

/** What a run was made of, to see that it was about something. */
export interface RunReport {
  operations: number
  refused: number
  unanswered: number
  crashes: number
  copies: number
  relayed: number
  deadLettered: number
  /** Taken out by SQS for being received too often. */
  overLimit: number
  /** Kept as dead letters of a queue without a dead-letter exchange. */
  kept: number
  expired: number
  redelivered: number
  /** Came out of exchanges that delay, were taken back from there, came out of a history, or were dropped as duplicates. */
  delayed: number
  cancelled: number
  replayed: number
  duplicates: number
  /** Publishes that a full queue refused, and queues that were deleted because nobody used them. */
  full: number
  unused: number
  /** The most often that one message died in one queue. */
  longestCycle: number
}

export interface RunOptions {
  /** Clients end after so many calls. Those before are the same for each number. */
  readonly maxOperations?: number
  /** Told of each step as it happens. */
  readonly onStep?: ((step: string) => void) | undefined
}

/** The history that a seed makes: environments, functions and clients, until everything is quiet again. */
export class Run {
  readonly steps: string[] = []
  readonly #world: SimWorld
  readonly #conditions: Conditions
  readonly #witnesses: Witnesses
  readonly #cloud: Cloud
  /** One for each vhost. */
  readonly #stages: readonly Stage[]
  readonly #maxOperations: number
  readonly #onStep: (step: string) => void
  readonly #environments: Environment[] = []
  readonly #functions: Environment[] = []
  readonly #outUntilMs = new Map<string, number>()
  #phase: 'setting up' | 'running' | 'quiet' | 'ended' = 'setting up'
  #endMs = Number.POSITIVE_INFINITY
  #serial = 0
  #counts = { operations: 0, refused: 0, unanswered: 0, crashes: 0 }

  constructor(seed: number, { maxOperations = Number.POSITIVE_INFINITY, onStep = () => undefined }: RunOptions) {
    this.#maxOperations = maxOperations
    this.#onStep = onStep
    const world = new SimWorld(seed)
    this.#world = world
    this.#conditions = drawConditions(world)
    const { leaseMs, spreadMs, wallErrorMs, looseness } = this.#conditions
    const config = { ...CONFIG, leaseMs }
    const nameOf = (queue: InternalQueue) => internalQueueName(config, queue)
    const known = { relay: nameOf('relay'), dead: [nameOf('dead'), nameOf('dead.fifo')] }
    const vhosts = VHOSTS.slice(0, this.#conditions.vhostCount)
    const certainty = { toleranceMs: 2 * wallErrorMs + 50, isSure: !this.#conditions.isFaulty }
    this.#witnesses = new Witnesses(
      vhosts.map((vhost) => new Witness(vhost, world, known, certainty)),
      known,
    )
    const isLoose = () => (this.#phase === 'running' ? looseness : NO_TROUBLE.looseness)
    this.#cloud = {
      world,
      config,
      wallErrorMs,
      isOut: (name) => this.#phase === 'running' && (this.#outUntilMs.get(name) ?? 0) > world.nowMs,
      sqs: new SimSqs(world, config.sqsQueueArnBase, isLoose, this.#witnesses),
      database: new SimDatabase(world, spreadMs),
      items: new MemoryItemStore(),
      objects: new Map(),
      faults: () => (this.#phase === 'running' ? this.#conditions : NO_TROUBLE),
    }
    const nextSerial = () => {
      this.#serial += 1
      return this.#serial
    }
    this.#stages = this.#witnesses.all.map((witness) => ({
      vhost: witness.vhost,
      world,
      sqs: this.#cloud.sqs,
      witness,
      queues: queuesOf(witness.vhost, this.#conditions),
      deliveries: [],
      repeatables: [],
      keys: [],
      nextSerial,
    }))
  }

  get operations(): number {
    return this.#counts.operations
  }

  async play(): Promise<RunReport> {
    let isDone = false
    this.#script().then(
      () => {
        isDone = true
      },
      (error: unknown) => this.#end(error),
    )
    await this.#world.run()
    if (!isDone) throw new Error('something waits for what never happens')
    return { ...this.#counts, ...this.#witnesses.counts }
  }

  async #script(): Promise<void> {
    createInternalQueues(this.#cloud)
    const first = new Environment(this.#cloud)
    await setUp(
      first,
      this.#stages.map(({ vhost }) => vhost),
    )
    for (const { vhost, queues, witness } of this.#stages) {
      await setTheScene(first, vhost, queues)
      const { id } = (await first.session(vhost, true)).vhost
      witness.history = new TopologyHistory(this.#cloud.database, id)
      witness.promised = witness.history.version
    }
    this.#phase = 'running'
    this.#endMs = this.#world.nowMs + this.#conditions.durationMs
    this.#startFunctions()
    this.#startOutages()
    for (let i = 0; i < this.#conditions.environmentCount; i += 1) this.#startEnvironment(this.#environments)
    await Promise.all(Array.from({ length: this.#conditions.clientCount }, (_, index) => this.#client(index + 1)))
    this.#phase = 'quiet'
    this.#log('nothing goes wrong any more')
    const lastDueMs = Math.max(
      0,
      ...this.#stages.map(({ witness }) => witness.scheduled.lastDueMs - this.#cloud.sqs.nowMs),
    )
    await this.#sleep(Math.max(QUIET_MS, lastDueMs + SETTLE_MS))
    this.#phase = 'ended'
    await checkTheEnd(this.#cloud, this.#stages)
  }

  #startFunctions(): void {
    const stage: InvocationStage = {
      world: this.#world,
      sqs: this.#cloud.sqs,
      promises: () => this.#witnesses.promises(),
      environment: () => this.#pickFunction(),
      isOver: () => this.#phase !== 'running',
      log: (text) => this.#log(text),
    }
    for (const queue of fedQueues()) {
      startEventSource(stage, internalQueueName(this.#cloud.config, queue), FUNCTIONS[FED_QUEUES[queue]])
    }
    startTicks(
      stage,
      (broker) => createClock(broker)(),
      () => this.#phase === 'ended',
    )
  }

  /** One that lives, or a new one. */
  #pickFunction(): Environment {
    const living = this.#functions.filter(({ process }) => !process.hasCrashed)
    if (living.length > 0 && this.#world.chance(0.9)) return this.#world.pick(living)
    return this.#startEnvironment(this.#functions)
  }

  #startEnvironment(among: Environment[]): Environment {
    const environment = new Environment(this.#cloud)
    among.push(environment)
    environment.process.crashed.then(() => {
      this.#counts.crashes += 1
      this.#log('a process crashes')
      among.splice(among.indexOf(environment), 1)
      if (among !== this.#environments) return
      this.#world.after(this.#world.between(0, RESTART_MS), () => this.#startEnvironment(among))
    })
    this.#trouble(environment)
    return environment
  }

  #trouble(environment: Environment): void {
    const { troubles } = this.#conditions
    if (this.#phase !== 'running' || troubles === 'none') return
    this.#world.after(this.#world.between(100, 20_000), () => {
      if (this.#phase !== 'running' || environment.process.hasCrashed) return
      if (troubles !== 'freezes') environment.stepWall()
      const forMs = this.#world.between(1, this.#world.pick([500, 5000, 40_000]))
      if (troubles !== 'wall steps' && environment.process.freeze(forMs))
        this.#log(`a process freezes for ${Math.round(forMs)} ms`)
      this.#trouble(environment)
    })
  }

  /** Now and then one SQS queue cannot be used for a while. */
  #startOutages(): void {
    const { longestOutageMs } = this.#conditions
    if (this.#phase !== 'running' || longestOutageMs === 0) return
    const { name } = this.#world.pick(this.#cloud.sqs.queues)
    const forMs = this.#world.between(0, longestOutageMs)
    this.#outUntilMs.set(name, this.#world.nowMs + forMs)
    this.#log(`${name} is out for ${Math.round(forMs)} ms`)
    this.#world.after(forMs + this.#world.between(0, 10_000), () => this.#startOutages())
  }

  /** One call after the other until the end. */
  async #client(number: number): Promise<void> {
    const { longestThoughtMs, profile } = this.#conditions
    while (this.#world.nowMs < this.#endMs && this.#counts.operations < this.#maxOperations) {
      await this.#sleep(this.#world.between(0, longestThoughtMs))
      const environment = this.#environments.length > 0 ? this.#world.pick(this.#environments) : undefined
      if (environment === undefined) continue
      this.#counts.operations += 1
      await this.#call(number, environment, nextOperation(this.#drawStage(), profile))
    }
  }

  #drawStage(): Stage {
    const [first, ...others] = this.#stages
    if (first === undefined) throw new Error('there is no vhost')
    return others.length > 0 && this.#world.chance(0.35) ? this.#world.pick(others) : first
  }

  /** Ends when an answer comes, or none will. */
  async #call(number: number, environment: Environment, operation: ClientOperation): Promise<void> {
    const name = `client ${number}: ${operation.name}`
    this.#log(name)
    const noAnswer = new Promise<'no answer'>((resolve) => {
      this.#world.after(CLIENT_TIMEOUT_MS, () => resolve('no answer'))
      environment.process.crashed.then(() => resolve('no answer'))
    })
    const answer = onBehalfOf(operation, () => operation.run(environment))
    // A call that goes on after its client has left must not fail either.
    answer.catch((error: unknown) => this.#end(error))
    const outcome = await Promise.race([answer, noAnswer])
    if (outcome === 'no answer') this.#counts.unanswered += 1
    else if (outcome.includes('unavailable')) this.#counts.refused += 1
    this.#log(`${name} → ${outcome}`)
  }

  /** What is thrown in an event ends the world. */
  #end(error: unknown): void {
    this.#world.after(0, () => {
      throw error
    })
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.after(ms, resolve))
  }

  #log(text: string): void {
    const step = `${(this.#world.nowMs / 1000).toFixed(3).padStart(9)} s  ${text}`
    this.steps.push(step)
    this.#onStep(step)
  }
}
