import { describe, expect, it } from 'vitest'
import { describeBrokers } from './brokers.ts'
import { LANGUAGES, output, type Program, spawnClient } from './programs.ts'

/** The programs of RabbitMQ's tutorials, written afresh, one directory for each language. */
describeBrokers((broker) => {
  describe.each(LANGUAGES.filter(({ isHere }) => isHere))('in $name', ({ command }) => {
    const inNewVhost = async () => {
      const url = await broker.newVhost()
      const spawn = (program: string, args: readonly string[] = []) => spawnClient(command(program), args, url)
      /** One that consumes, once it does. */
      const spawnReady = async (program: string, args: readonly string[] = []) => {
        const spawned = spawn(program, args)
        await spawned.seen(/Waiting for/)
        return spawned
      }
      return { run: (program: string, args: readonly string[] = []) => output(spawn(program, args)), spawnReady }
    }

    it('hello world: what was sent before and while somebody listens is received', async () => {
      const { run, spawnReady } = await inNewVhost()
      expect(await run('send')).toBe('Sent Hello World!\n')
      const receiver = await spawnReady('receive')
      await receiver.seen(/Received Hello World!/)
      await run('send')
      await receiver.seen(/Received Hello World!.*Received Hello World!/s)
    })

    it('work queues: two workers share tasks, one at a time each', async () => {
      const { run, spawnReady } = await inNewVhost()
      const workers = await Promise.all([spawnReady('worker'), spawnReady('worker')])
      const tasks = Array.from({ length: 10 }, (_, index) => `task ${index} ..`)
      await run('new_task', tasks)
      for (const task of tasks) await seenByOne(workers, new RegExp(`Done ${task}`))
      for (const worker of workers) expect(linesOf(worker, 'Done').length).toBeGreaterThan(2)
      expect(workers.flatMap((worker) => linesOf(worker, 'Received')).toSorted()).toEqual(tasks)
    })

    it('work queues: the task of a worker that is killed goes to another', async () => {
      const { run, spawnReady } = await inNewVhost()
      const first = await spawnReady('worker')
      await run('new_task', [`long ${'.'.repeat(600)}`, 'short .'])
      await first.seen(/Received long/)
      const second = await spawnReady('worker')
      await second.seen(/Done short/)
      first.kill('SIGKILL')
      await second.seen(/Received long \.+ again/)
    })

    it('publish/subscribe: everybody gets what is sent while they listen', async () => {
      const { run, spawnReady } = await inNewVhost()
      await run('emit_log', ['to nobody'])
      const receivers = [await spawnReady('receive_logs'), await spawnReady('receive_logs')]
      for (const message of ['first', 'second']) await run('emit_log', [message])
      for (const receiver of receivers) {
        await receiver.seen(/Received second/)
        await receiver.seen(/Received first/)
        expect(linesOf(receiver, 'Received').toSorted()).toEqual(['first', 'second'])
      }
    })

    it('routing: each gets the severities that it asked for', async () => {
      const { run, spawnReady } = await inNewVhost()
      const all = await spawnReady('receive_logs_direct', ['info', 'warning', 'error'])
      const errors = await spawnReady('receive_logs_direct', ['error'])
      for (const severity of ['info', 'debug', 'error', 'warning']) {
        await run('emit_log_direct', [severity, `about ${severity}`])
      }
      await seenAll(all, ['error: about error', 'info: about info', 'warning: about warning'])
      await seenAll(errors, ['error: about error'])
    })

    it('topics: each gets what its patterns match', async () => {
      const { run, spawnReady } = await inNewVhost()
      const all = await spawnReady('receive_logs_topic', ['#'])
      const kernel = await spawnReady('receive_logs_topic', ['kern.*', '*.critical'])
      for (const key of ['kern.critical', 'kern.info', 'cron.critical', 'cron.info', 'kern.disk.critical']) {
        await run('emit_log_topic', [key, 'text'])
      }
      await seenAll(kernel, ['cron.critical: text', 'kern.critical: text', 'kern.info: text'])
      await seenAll(all, [
        'cron.critical: text',
        'cron.info: text',
        'kern.critical: text',
        'kern.disk.critical: text',
        'kern.info: text',
      ])
    })

    it.each(['over a queue of its own', 'direct'])('RPC: a client gets its answers %s', async (way) => {
      const { run, spawnReady } = await inNewVhost()
      await spawnReady('rpc_server')
      const answers = await run('rpc_client', [...(way === 'direct' ? ['direct'] : []), '10', '30', '0'])
      expect(answers).toBe('fib(10) is 55\nfib(30) is 832040\nfib(0) is 0\n')
    })

    it('publisher confirms: what is confirmed is there, and what nobody gets comes back', async () => {
      const { run } = await inNewVhost()
      expect(await run('publisher_confirms', ['100'])).toBe('Confirmed 100\nReturned NO_ROUTE\nReceived 100\n')
    })
  })
})

const linesOf = (program: Program, word: string): string[] =>
  [...program.printed().matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest)

const seenByOne = (programs: readonly Program[], pattern: RegExp): Promise<unknown> =>
  Promise.any(programs.map((program) => program.seen(pattern)))

/** It receives these, in any order, and nothing else. */
async function seenAll(program: Program, messages: readonly string[]): Promise<void> {
  for (const message of messages) await program.seen(new RegExp(`^Received ${message}$`, 'm'))
  expect(linesOf(program, 'Received').toSorted()).toEqual(messages)
}
