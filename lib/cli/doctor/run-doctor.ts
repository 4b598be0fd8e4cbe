import { openSqs } from '../../delivery/sqs-client.ts'
import { openSqsInventory, type SqsInventory } from '../../delivery/sqs-inventory.ts'
import { SqsQueues } from '../../delivery/sqs-queues.ts'
import { messageOf } from '../../local/start-error.ts'
import { BrokerError } from '../../model/errors.ts'
import { encryptionKeyOf } from '../encryption-key.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { type Examination, examine } from './examine.ts'
import { describeFinding } from './findings.ts'
import { type JournalReader, openJournalReader } from './read-journal.ts'
import { applyRemedies, type RepairOptions, remedyFor } from './repair.ts'

export interface DoctorOptions extends RepairOptions {
  readonly table: string
  /** Where left out, the one that the journal began with. */
  readonly namePrefix: string | undefined
  /** Whether to say what would be done. */
  readonly fix: boolean
  /** Whether to do it. */
  readonly confirmed: boolean
}

/** All SQS clients and the journal of one broker. */
interface Practice {
  readonly namePrefix: string
  readonly journal: JournalReader
  readonly inventory: SqsInventory
}

/**
 * Compares a broker's journal with its SQS queues, and repairs what it is told to. Exit code 0 where nothing is wrong, or
 * nothing is any more; else 1. Where and as whom, the AWS SDK finds in its environment.
 */
export async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const journal = openJournalReader(options.table)
  const inventory = openSqsInventory({})
  try {
    const namePrefix = await prefixOf(journal, options)
    return await treat({ namePrefix, journal, inventory }, options, terminal)
  } catch (error) {
    if (error instanceof CommandError || error instanceof BrokerError) throw error
    throw new CommandError(`AWS could not be used: ${messageOf(error)}`)
  } finally {
    journal.close()
    inventory.close()
  }
}

/** With another broker's prefix, all of that one's SQS queues would be orphans, and `--fix` the end of them. */
async function prefixOf(journal: JournalReader, { table, namePrefix }: DoctorOptions): Promise<string> {
  const first = await journal.namePrefix().catch((error: unknown) => {
    throw new CommandError(`table ${table} cannot be read: ${messageOf(error)}`)
  })
  if (first === undefined) throw new CommandError(`table ${table} does not say which broker's it is`)
  if (namePrefix === undefined || namePrefix === first) return first
  throw new CommandError(`table ${table} is of the broker whose SQS queues begin with '${first}', not '${namePrefix}'`)
}

async function treat(practice: Practice, options: DoctorOptions, terminal: Terminal): Promise<number> {
  const { queues, examination, close } = await look(practice)
  try {
    await report(examination, practice, terminal)
    if (examination.findings.length === 0) return 0
    if (!options.fix) {
      terminal.tell('--fix says what can be done about it')
      return 1
    }
    const remedies = examination.findings.map((finding) => remedyFor(finding, { ...practice, queues }, options))
    if (!options.confirmed) {
      for (const { words } of remedies) terminal.tell(`would ${words}`)
      terminal.tell('Nothing was changed. --fix --yes does it.')
      return 1
    }
    await applyRemedies(remedies, terminal.tell)
  } finally {
    close()
  }
  return lookAgain(practice, terminal)
}

async function lookAgain(practice: Practice, terminal: Terminal): Promise<number> {
  const { examination, close } = await look(practice)
  close()
  await report(examination, practice, terminal)
  return examination.findings.length === 0 ? 0 : 1
}

/** SQS is listed first: whatever is made or deleted meanwhile, the journal knows of it (read-journal.ts). */
async function look({ namePrefix, journal, inventory }: Practice) {
  const { names, location } = await inventory.list(`${namePrefix}-`)
  if (location === undefined) {
    throw new CommandError(
      `no SQS queue's name begins with '${namePrefix}-': are the region and the account the broker's? If so, deploy the stack again`,
    )
  }
  const sqs = openSqs({})
  const place = { namePrefix, ...location }
  const queues = new SqsQueues(sqs, { ...place, ...(await encryptionKeyOf(sqs, place)) })
  const account = await journal.account()
  const examination = await examine({ namePrefix, listed: names, account, queues })
  return { queues, examination, close: () => sqs.close() }
}

async function report({ findings, foreign, declaredCount }: Examination, { namePrefix }: Practice, terminal: Terminal) {
  const lines = [
    ...findings.map(describeFinding),
    ...foreign.map((name) => `not ours          ${name}: begins as ours do, but is left alone`),
    findings.length === 0
      ? `Nothing is wrong: each of the ${declaredCount} SQS queues of ${namePrefix} is declared, there, and as it should be.`
      : `${findings.length} of the SQS queues of ${namePrefix} need attention; ${declaredCount} are declared.`,
  ]
  await terminal.print(`${lines.join('\n')}\n`)
}
