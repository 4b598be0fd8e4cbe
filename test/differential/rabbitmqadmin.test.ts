import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withoutHistory, withoutPublishRefusal } from './differences.ts'
import { rabbitmqadminScript, type ScriptNames } from './generators/rabbitmqadmin-script.ts'
import type { Broker } from './support/broker.ts'
import { onBoth, openPair, type Pair } from './support/pair.ts'
import { downloadRabbitmqadmin, type Output, runRabbitmqadmin } from './support/rabbitmqadmin.ts'
import { discard, freshName } from './support/vhost.ts'

interface CommandOutput extends Output {
  readonly command: string
}

describe('rabbitmqadmin beside RabbitMQ', () => {
  const names: ScriptNames = { vhost: freshName('vhost'), copy: freshName('copy'), user: freshName('user') }
  let pair: Pair
  let directory: string

  beforeAll(async () => {
    pair = await openPair()
    directory = await mkdtemp(join(tmpdir(), 'rabbitmqadmin-'))
  })
  afterAll(async () => {
    const paths = [`/vhosts/${names.vhost}`, `/vhosts/${names.copy}`, `/users/${names.user}`]
    await onBoth(pair, (broker) => Promise.all(paths.map((path) => discard(broker, { method: 'DELETE', path }))))
    await pair.close()
    await rm(directory, { recursive: true })
  })

  test('an operator sees the same outputs and exit codes', async () => {
    const script = await downloadRabbitmqadmin(pair.reference, directory)
    const [reference, subject] = await onBoth(pair, async (broker) => {
      const home = await mkdtemp(join(directory, 'home-'))
      return runScript(script, home, broker)
    })
    expect(subject).toEqual(reference)
    expect(reference.filter(({ exitCode }) => exitCode === 0).length).toBeGreaterThan(50)
  })

  async function runScript(script: string, home: string, broker: Broker): Promise<CommandOutput[]> {
    const outputs: CommandOutput[] = []
    const { hostname } = new URL(broker.origin)
    for (const command of rabbitmqadminScript(names)) {
      const output = await runRabbitmqadmin(script, home, broker, command)
      const stdout = ownLines(output.stdout, command.arguments).replaceAll(hostname, 'HOST')
      const stderr = withoutPublishRefusal(withoutHistory(output.stderr))
      outputs.push({ ...output, stdout, stderr, command: `rabbitmqadmin ${command.arguments.join(' ')}` })
    }
    return outputs
  }

  /** Lists that span vhosts also show what others declared; a `properties_key` with arguments has a hash of its own. */
  function ownLines(stdout: string, args: readonly string[]): string {
    const spansVhosts = args.includes('list') && !args.includes('-V')
    const lines = stdout.split('\n').map((line) => line.replace(/~[A-Za-z0-9_-]+$/, '~#'))
    return lines.filter((line) => !spansVhosts || Object.values(names).some((name) => line.includes(name))).join('\n')
  }
})
