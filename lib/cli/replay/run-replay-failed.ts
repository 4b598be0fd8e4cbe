import { FAILED_QUEUES, internalQueueName } from '../../config.ts'
import { openSqs } from '../../delivery/sqs-client.ts'
import { openSqsInventory } from '../../delivery/sqs-inventory.ts'
import { openSqsMoves } from '../../delivery/sqs-moves.ts'
import { SqsQueues } from '../../delivery/sqs-queues.ts'
import { messageOf } from '../../local/start-error.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { describeMessages } from './describe-messages.ts'
import { type FailedMessages, runningMove, watchMove } from './watch-move.ts'

export interface ReplayOptions {
  readonly namePrefix: string
  /** Whether to do it. */
  readonly confirmed: boolean
}

/**
 * Shows what is in a broker's failed queues, and has SQS move it back if told to. Exit code 0 where nothing is left to
 * move; else 1. Where and as whom, the AWS SDK finds in its environment.
 */
export async function runReplayFailed({ namePrefix, confirmed }: ReplayOptions, terminal: Terminal): Promise<number> {
  const [sqs, moves, inventory] = [openSqs({}), openSqsMoves({}), openSqsInventory({})]
  try {
    const names = FAILED_QUEUES.map((queue) => internalQueueName({ namePrefix }, queue))
    const { names: listed, location } = await inventory.list(`${namePrefix}-`)
    if (location === undefined || !names.every((name) => listed.includes(name))) {
      throw new CommandError(
        `there are no SQS queues ${names.join(' and ')}: are the prefix, the region and the account the broker's?`,
      )
    }
    const queues = new SqsQueues(sqs, { namePrefix, ...location })
    let left = 0
    for (const name of names) left += await treat({ name, sqs, moves, queues }, confirmed, terminal)
    if (left > 0) terminal.tell('Nothing was changed. --yes tries them again.')
    return left > 0 ? 1 : 0
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`AWS could not be used: ${messageOf(error)}`)
  } finally {
    for (const client of [sqs, moves, inventory]) client.close()
  }
}

/** Answers how many are left. */
async function treat(failed: FailedMessages, confirmed: boolean, terminal: Terminal): Promise<number> {
  const { name, moves, queues } = failed
  const running = await runningMove(failed)
  if (running) {
    terminal.tell(`SQS is moving what is in ${name} already`)
    await watchMove(failed, running.startedMs, terminal)
    return 0
  }
  const count = await countOf(failed)
  if (count === 0) {
    await terminal.print(`Nothing is in ${name}.\n`)
    return 0
  }
  if (!confirmed) {
    await terminal.print(
      `${[`About ${count} messages are in ${name}.`, ...(await describeMessages(failed))].join('\n')}\n`,
    )
    return count
  }
  const arn = queues.arnOf(name)
  const before = await moves.latest(arn)
  await moves.start(arn)
  await watchMove(failed, (before?.startedMs ?? -1) + 1, terminal)
  return 0
}

async function countOf({ queues, name }: FailedMessages): Promise<number> {
  const attributes = await queues.attributes(name)
  const { ApproximateNumberOfMessages: ready = 0, ApproximateNumberOfMessagesNotVisible: hidden = 0 } = attributes ?? {}
  return Number(ready) + Number(hidden)
}
