import type { BrokerJournals } from '../../broker/broker.ts'
import { ACCESS_JOURNAL } from '../../journal/table.ts'
import { messageOf } from '../../local/start-error.ts'
import { BrokerError } from '../../model/errors.ts'
import type { AccessState } from '../../topology/access/state.ts'
import { CommandError } from '../errors.ts'
import { firstNamePrefix, openJournals } from '../open-journals.ts'
import type { Terminal } from '../terminal.ts'

export interface RestoreOptions {
  readonly table: string
  /** Whether to do it. */
  readonly confirmed: boolean
}

/**
 * Shows what is in a restored table and, if told to, makes it ready to be used (lib/journal/journals.ts, `renewEpoch`).
 * Every step may be repeated. Exit code 0 once it is ready; else 1. Where and as whom, the AWS SDK finds in its environment.
 */
export async function runRestore({ table, confirmed }: RestoreOptions, terminal: Terminal): Promise<number> {
  const { journals, close } = openJournals(table)
  try {
    const namePrefix = await firstNamePrefix(journals)
    if (namePrefix === undefined) throw new CommandError(`table ${table} does not say which broker's it is`)
    await terminal.print(`${[`Broker ${namePrefix}:`, ...(await describeJournals(journals))].join('\n')}\n`)
    if (!confirmed) {
      terminal.tell('Nothing was changed. --yes makes the table ready.')
      return 1
    }
    await makeReady(journals, terminal)
    for (const line of nextSteps(table)) terminal.tell(line)
    return 0
  } catch (error) {
    if (error instanceof CommandError || error instanceof BrokerError) throw error
    throw new CommandError(`table ${table} could not be used: ${messageOf(error)}`)
  } finally {
    close()
  }
}

/** How far each journal goes: `  vhost '/'  version 41, of 2026-11-21T08:00:00.000Z by admin`. */
async function describeJournals(journals: BrokerJournals): Promise<string[]> {
  const { access, versions } = await journals.view(journals.arrival(), { confirm: true })
  const names = [...access.vhosts.keys()]
  const lines = [await describeJournal(journals, 'users and vhosts', ACCESS_JOURNAL, versions[ACCESS_JOURNAL])]
  for (const name of names) {
    const vhost = (current: AccessState) => current.vhosts.get(name)?.id
    const view = await journals.view(journals.arrival(), { confirm: true, vhost })
    const id = vhost(view.access)
    if (id !== undefined) lines.push(await describeJournal(journals, `vhost '${name}'`, id, view.versions[id]))
  }
  return lines
}

async function describeJournal(journals: BrokerJournals, what: string, journal: string, version = 0): Promise<string> {
  const [last] = await journals.entries(journal, { after: version - 1, limit: 1 })
  return `  ${what}: version ${version}, of ${last?.when} by ${last?.who}`
}

/**
 * Declarations that were under way at the moment to which the table was taken back have been made since, on the branch
 * that is lost; the clock would delete their SQS queues with what is in them. `leveret doctor` shows them instead.
 */
async function makeReady(journals: BrokerJournals, terminal: Terminal): Promise<void> {
  const intents = await journals.intents.olderThan(Number.NEGATIVE_INFINITY)
  const creating = intents.filter(({ state }) => state === 'creating' || state === 'abandoned')
  for (const { id } of creating) await journals.intents.remove(id)
  terminal.tell(`done: forget ${creating.length} declarations that were under way`)
  await journals.renewEpoch()
  await journals.idle()
  terminal.tell('done: begin a new branch in every journal')
}

const nextSteps = (table: string): string[] => [
  'The table is ready. Next:',
  `  npm run deploy -- -c leveret:existingTable=${table} (and your other settings)`,
  `  npm run leveret -- doctor --table ${table}`,
]
