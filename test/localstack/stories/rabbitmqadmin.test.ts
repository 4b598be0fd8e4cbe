import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broker } from '../../differential/support/broker.ts'
import { runRabbitmqadmin } from '../../differential/support/rabbitmqadmin.ts'
import { Story, unique } from '../../integration/story.ts'
import { useLeveret } from '../../support/embedded.ts'
import { findRabbitmqadmin } from '../rabbitmqadmin.ts'

const leveret = useLeveret()
const story = new Story(leveret)
const script = findRabbitmqadmin()

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rabbitmqadmin-'))
})
afterAll(() => rm(home, { recursive: true }))

/** What one command prints; an error fails the test with what it says. */
async function rabbitmqadmin(...args: string[]): Promise<string> {
  const { url, username: name, password } = leveret.running
  const broker = new Broker('LocalStack', url, { name, password })
  const prefix = ['--path-prefix', new URL(url).pathname]
  const { exitCode, stdout, stderr } = await runRabbitmqadmin(script ?? '', home, broker, {
    arguments: [...prefix, ...args],
  })
  expect({ exitCode, stderr }, args.join(' ')).toEqual({ exitCode: 0, stderr: '' })
  return stdout.trim()
}

test("rabbitmqadmin works a vhost through API Gateway, behind the stage's path", async ({ skip }) => {
  skip(
    script === undefined,
    'there is no rabbitmqadmin in the path: it comes with the package rabbitmq-server of Debian',
  )
  const { vhost } = await story.inVhost(unique('rabbitmqadmin'))
  const inVhost = (...args: string[]) => rabbitmqadmin('-V', vhost, '-f', 'tsv', ...args)

  await inVhost('declare', 'exchange', 'name=events', 'type=topic')
  await inVhost('declare', 'queue', 'name=q 1/ü')
  await inVhost('declare', 'binding', 'source=events', 'destination=q 1/ü', 'routing_key=order.*')
  expect(await inVhost('list', 'bindings', 'source', 'destination', 'routing_key')).toContain('events\tq 1/ü\torder.*')

  const published = await inVhost('publish', 'exchange=events', 'routing_key=order.made', 'payload=ünï')
  expect(published).toBe('Message published')
  const got = await inVhost('get', 'queue=q 1/ü', 'ackmode=ack_requeue_false')
  expect(got.split('\n')[1]?.split('\t').slice(0, 4)).toEqual(['order.made', 'events', '0', 'ünï'])
  expect(await inVhost('get', 'queue=q 1/ü')).toBe('No items')

  await inVhost('delete', 'queue', 'name=q 1/ü')
  expect(await inVhost('list', 'queues', 'name')).not.toContain('ü')
})
