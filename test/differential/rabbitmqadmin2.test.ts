import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uncomparedColumns, withoutHistory, withoutVersion2Texts } from './differences.ts'
import type { ScriptNames } from './generators/rabbitmqadmin-script.ts'
import { laterScript, rabbitmqadmin2Script } from './generators/rabbitmqadmin2-script.ts'
import type { Broker } from './support/broker.ts'
import { parseMarkdownTable } from './support/markdown-table.ts'
import { onBoth, openPair, type Pair } from './support/pair.ts'
import { type Command, findRabbitmqadmin2, runRabbitmqadmin2 } from './support/rabbitmqadmin.ts'
import { discard, freshName } from './support/vhost.ts'

const program = findRabbitmqadmin2()
if (!program) {
  console.warn(
    'rabbitmqadmin 2 is not here, so its script is skipped: cargo install rabbitmqadmin, or set RABBITMQADMIN2',
  )
}

describe.skipIf(!program)('rabbitmqadmin 2 beside RabbitMQ', () => {
  const names: ScriptNames = { vhost: freshName('vhost'), copy: freshName('copy'), user: freshName('user') }
  let pair: Pair
  let directory: string

  beforeAll(async () => {
    pair = await openPair()
    directory = await mkdtemp(join(tmpdir(), 'rabbitmqadmin2-'))
  })
  afterAll(async () => {
    const users = ['', '-2', '-3'].map((suffix) => `/users/${names.user}${suffix}`)
    const paths = [`/vhosts/${names.vhost}`, `/vhosts/${names.copy}`, ...users]
    await onBoth(pair, (broker) => Promise.all(paths.map((path) => discard(broker, { method: 'DELETE', path }))))
    await pair.close()
    await rm(directory, { recursive: true })
  })

  const run = (home: string, broker: Broker, command: Command) =>
    runRabbitmqadmin2(program ?? '', home, broker, command)

  test('an operator sees the same outputs and exit codes', async () => {
    const [reference, subject] = await onBoth(pair, async (broker) => {
      const home = await mkdtemp(join(directory, 'home-'))
      const outputs: object[] = []
      for (const command of rabbitmqadmin2Script(names)) {
        const { exitCode, stdout, stderr } = await run(home, broker, command)
        const printed = stdout.replaceAll(broker.origin, 'ORIGIN')
        const output = comparable(printed, command.arguments.includes('policies'))
        const error = withoutVersion2Texts(withoutHistory(stderr))
        outputs.push({ command: command.arguments.join(' '), exitCode, output, error })
      }
      return outputs
    })
    expect(subject).toEqual(reference)
    expect(reference.filter((output) => 'exitCode' in output && output.exitCode === 0).length).toBeGreaterThan(80)
  })

  test('what 3.10.8 does not have works as well, or says what it is not', async () => {
    const home = await mkdtemp(join(directory, 'home-'))
    for (const { exitCode, prints, ...command } of laterScript(names)) {
      const output = await run(home, pair.subject, command)
      const printed = output.stdout + output.stderr
      expect({ command: command.arguments, exitCode: output.exitCode, printed }).toMatchObject({ exitCode })
      if (prints) expect(printed, command.arguments.join(' ')).toMatch(prints)
    }
  })

  /**
   * A table without what differs by nature, and of lists that span vhosts what is the script's own: version 2 lists the
   * bindings of all vhosts whatever it is told. RabbitMQ lists policies in no order.
   */
  function comparable(stdout: string, isUnordered: boolean): unknown {
    const table = parseMarkdownTable(stdout)
    if (!table) return withoutVersion2Texts(stdout)
    const { columns, rows } = table
    const kept = [...columns.keys()].filter((index) => !uncomparedColumns.has(columns[index] ?? ''))
    const shown = rows
      .filter((row) => !columns.includes('vhost') || Object.values(names).some((name) => row.includes(name)))
      .filter((row) => !isGlobal(columns) || Object.values(names).some((name) => row[0]?.startsWith(name)))
      .map((row) => kept.map((index) => withoutVersion2Texts(withoutHash(row[index] ?? ''))))
    const sorted = isUnordered ? shown.toSorted((left, right) => (String(left) < String(right) ? -1 : 1)) : shown
    return { columns: kept.map((index) => columns[index]), rows: sorted }
  }

  /** Of lists of users, vhosts and global parameters, which others have made some of. */
  const isGlobal = (columns: readonly string[]): boolean =>
    columns[0] === 'name' && !columns.includes('vhost') && !columns.includes('arguments')

  /** A `properties_key` with arguments has a hash of its own. */
  const withoutHash = (cell: string): string => cell.replace(/~[A-Za-z0-9_-]+$/, '~#')
})
