/**
 * What a newcomer does first, against the real `npm start`: start, declare, publish, get, stop with Ctrl-C.
 * Prints how long the start took; fails with what went wrong. Run by .ci/run.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './support/free-port.ts'

const START_DEADLINE_MS = 20_000
const JSON_TYPE = { 'content-type': 'application/json' }
const AUTHORIZATION = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` }

async function untilAnswering(url: string, child: ChildProcess): Promise<number> {
  const startedMs = performance.now()
  while (child.exitCode === null && performance.now() - startedMs < START_DEADLINE_MS) {
    const answer = await fetch(`${url}/api/whoami`, { headers: AUTHORIZATION }).catch(() => undefined)
    if (answer?.ok) return performance.now() - startedMs
    await sleep(20)
  }
  throw new Error('npm start does not answer')
}

async function call(url: string, method: string, path: string, body: unknown): Promise<unknown> {
  const init = { method, headers: { ...AUTHORIZATION, ...JSON_TYPE }, body: JSON.stringify(body) }
  const answer = await fetch(url + path, init)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const port = await freePort()
const url = `http://127.0.0.1:${port}`
const dataDir = await mkdtemp(join(tmpdir(), 'leveret-first-'))
const args = ['start', '--', '--port', String(port), '--data', dataDir]
const child = spawn('npm', args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
try {
  const startMs = await untilAnswering(url, child)
  await call(url, 'PUT', '/api/queues/%2F/first', { durable: true })
  const message = { properties: {}, routing_key: 'first', payload: 'hello', payload_encoding: 'string' }
  await call(url, 'POST', '/api/exchanges/%2F/amq.default/publish', message)
  const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const got = (await call(url, 'POST', '/api/queues/%2F/first/get', get)) as { payload: string }[]
  if (got[0]?.payload !== 'hello') throw new Error(`got ${JSON.stringify(got)}`)
  console.log(`npm start answered after ${Math.round(startMs)} ms; the first message came back`)
} finally {
  if (child.pid !== undefined && child.exitCode === null) {
    process.kill(-child.pid, 'SIGINT')
    await once(child, 'exit')
  }
  await rm(dataDir, { recursive: true, force: true })
}
