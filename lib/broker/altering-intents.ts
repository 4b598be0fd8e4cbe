import { mapConcurrent } from '../delivery/concurrent.ts'
import type { Reading } from '../journal/clock.ts'
import type { Intent } from '../journal/intents.ts'
import { logError } from '../log.ts'
import type { AmqpValue } from '../model/amqp-value.ts'
import { unavailable } from '../model/errors.ts'
import { isOwned, type Queue } from '../model/queue.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { settingsAfter } from '../topology/vhost/settings-after.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'
import { CONTROL_PLANE_CONCURRENCY } from './sqs-intents.ts'
import { viewVhost } from './view-vhost.ts'

/**
 * What an intent of state `changing` says: these queues' SQS queues have attributes of before a change of policies. It
 * holds no attributes: whoever finishes it sets those that are in force by then, so that of several changes the last one
 * holds, in whatever order they are finished.
 */
interface AlteringBody {
  /** The id of the vhost. */
  readonly vhost: string
  /** How many queues the change concerned in all; its intents together name them. */
  readonly of: number
  /** Ids. */
  readonly queues: readonly string[]
}

/** An intent is begun and ended within a second or so, and its end is kept: what an interruption repeats is one of them. */
const MIN_QUEUES = 250
/** A transaction holds 100 items, and deletions may be in it too. */
const MAX_INTENTS = 80

/** How long a request works before it answers how far it came, ms. */
const ALTERING_BUDGET_MS = 20_000

/** What these events leave to be done in SQS: an intent for every few hundred queues whose SQS queues they change. */
export function alteringIntents(broker: Broker, state: VhostState, events: readonly VhostEvent[]): Intent[] {
  const after = settingsAfter(state, events)
  if (!after) return []
  const affected = Array.from(state.queues(), ({ queue }) => queue).filter(
    (queue) => desiredText(broker, queue, state.settingsOf(queue)) !== desiredText(broker, queue, after(queue)),
  )
  return intentsFor(broker, state.id, affected)
}

/**
 * As {@link alteringIntents}, for queues that these events declare and whose SQS queues were made under what was in force
 * by `made`: where a policy has changed since, they have attributes of before.
 */
export function alteringIntentsOfDeclared(
  broker: Broker,
  state: VhostState,
  events: readonly VhostEvent[],
  made: ReadonlyMap<string, Settings>,
): Intent[] {
  const outdated = events.flatMap((event) => {
    if (event.type !== 'queue-declared') return []
    const settings = made.get(event.queue.sqsQueues[0]?.name ?? '')
    const isOutdated =
      settings &&
      desiredText(broker, event.queue, settings) !== desiredText(broker, event.queue, state.settingsOf(event.queue))
    return isOutdated ? [event.queue] : []
  })
  return intentsFor(broker, state.id, outdated)
}

function intentsFor(broker: Broker, vhostId: string, affected: readonly Queue[]): Intent[] {
  const size = Math.max(MIN_QUEUES, Math.ceil(affected.length / MAX_INTENTS))
  const intents: Intent[] = []
  for (let start = 0; start < affected.length; start += size) {
    const queues = affected.slice(start, start + size).map(({ id }) => id)
    const body: AlteringBody = { vhost: vhostId, of: affected.length, queues }
    intents.push({
      id: newId(broker),
      state: 'changing',
      createdMs: broker.clock.wallMs(),
      body: body as unknown as AmqpValue,
    })
  }
  return intents
}

type Settings = ReturnType<VhostState['settingsOf']>

/** Those of an app are the app's to configure, and an inbox has no queue's settings. */
const alterable = ({ sqsQueues }: Queue) => sqsQueues.filter(isOwned)

const desiredText = ({ delivery }: Broker, queue: Queue, settings: Settings): string =>
  JSON.stringify(alterable(queue).map(({ name }) => delivery.queues.desiredAttributes(name, settings)))

/**
 * Sets in SQS what a change of policies left to be set. Throws `unavailable` after 20 s, or where SQS fails, saying how
 * much is done: what is left is named by its intents, for a repetition of the request or for the clock.
 */
export async function finishAltering(broker: Broker, arrival: Reading, intents: readonly Intent[]): Promise<void> {
  const total = intents.reduce((sum, intent) => Math.max(sum, bodyOf(intent).of), 0)
  let left = intents.reduce((sum, intent) => sum + bodyOf(intent).queues.length, 0)
  for (const intent of intents) {
    if (broker.clock.monotonicMs() - arrival.monotonicMs >= ALTERING_BUDGET_MS) throw unfinished(total, left)
    try {
      await finishAlteringIntent(broker, intent)
    } catch (error) {
      throw unfinished(total, left, error)
    }
    left -= bodyOf(intent).queues.length
  }
}

/** The progress of the largest change among them. */
function unfinished(total: number, left: number, cause?: unknown) {
  const done = Math.max(0, total - left)
  const text = `the change is made, and ${done} of ${total} SQS queues follow it: repeat the request to go on`
  return unavailable(text, { cause, retryAfterS: 1 })
}

/** As {@link finishAltering}, for what earlier changes of these vhosts have left. */
export async function finishEarlierAltering(
  broker: Broker,
  arrival: Reading,
  vhostIds: readonly string[],
): Promise<void> {
  const changing = await broker.journals.intents.inState('changing')
  await finishAltering(
    broker,
    arrival,
    changing.filter((intent) => vhostIds.includes(bodyOf(intent).vhost)),
  )
}

/**
 * Brings the SQS queues that an intent names to what is in force, then removes it. Repeatable. Others may do the same on
 * an older state of the topology, so it ends only when a state that was read after the last call says what was set: then
 * whoever set something older has that reading still before them.
 */
export async function finishAlteringIntent(broker: Broker, intent: Intent): Promise<void> {
  const { vhost, queues } = bodyOf(intent)
  const settled = new Map<string, string>()
  for (;;) {
    const view = await viewVhost(broker, vhost, { confirm: true })
    const outdated = queues.flatMap((id) => {
      const queue = view?.vhost.queueById(id)
      if (!view || !queue) return []
      const settings = view.vhost.settingsOf(queue)
      const text = desiredText(broker, queue, settings)
      return settled.get(id) === text ? [] : [{ queue, settings, text }]
    })
    if (outdated.length === 0) break
    await mapConcurrent(outdated, CONTROL_PLANE_CONCURRENCY, async ({ queue, settings, text }) => {
      for (const { name } of alterable(queue)) {
        await broker.delivery.queues.alter(name, broker.delivery.queues.desiredAttributes(name, settings))
      }
      settled.set(queue.id, text)
    })
  }
  await broker.journals.intents.remove(intent.id)
}

/** As {@link finishAlteringIntent}, for a change that is made: what cannot be set now is left to the clock. */
export async function finishAlteringOrLeave(broker: Broker, intents: readonly Intent[]): Promise<void> {
  for (const intent of intents) {
    try {
      await finishAlteringIntent(broker, intent)
    } catch (error) {
      logError('SQS queues are left to follow a policy later', error)
    }
  }
}

const bodyOf = ({ body }: Intent): AlteringBody => body as unknown as AlteringBody
