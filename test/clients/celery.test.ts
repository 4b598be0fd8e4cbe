import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeBrokers } from './brokers.ts'
import { output, spawnClient } from './programs.ts'
import { CLIENTS, isMade, PYTHON } from './toolchains.ts'

const CALLS = join(CLIENTS, 'python/celery_calls.py')

describeBrokers((broker) => {
  describe.skipIf(!isMade(PYTHON))('Celery', () => {
    const inNewVhost = async () => {
      const url = await broker.newVhost()
      const start = (call: string, args: readonly string[] = []) =>
        spawnClient([PYTHON.product, CALLS], [call, ...args], url)
      const worker = (name: string, options: readonly string[] = ['--concurrency=2', '--task-events']) => {
        const command = [
          '-m',
          'celery',
          '--workdir',
          join(CLIENTS, 'python'),
          '--app=tasks',
          'worker',
          '--loglevel=INFO',
        ]
        return spawnClient([PYTHON.product, ...command], [`--hostname=${name}@here`, ...options], url)
      }
      return { start, call: async (name: string) => JSON.parse(await output(start(name))), worker }
    }

    it('runs tasks, retries and chains, answers, tells what it does, and is controlled', async () => {
      const { call, worker } = await inNewVhost()
      await worker('only').seen(/only@here ready/)
      expect(await call('add_numbers')).toBe(8)
      expect(await call('chained')).toBe(16)
      expect(await call('grouped')).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
      expect(await call('retry')).toBe(2)
      expect(await call('later')).toEqual([2, ...Array.from({ length: 20 }, (_, index) => 2 * index)])
      expect(await call('ping')).toEqual([{ ok: 'pong' }])
      expect(await call('stats')).toEqual({ pool: 2, tasks: ['tasks.add', 'tasks.fail_twice', 'tasks.work'] })
      expect(await call('events')).toEqual(['task-received', 'task-started', 'task-succeeded', 'worker-heartbeat'])
    })

    it('finishes what it does when it is asked to stop, and leaves the rest to the next worker', async () => {
      const { start, worker } = await inNewVhost()
      const first = worker('first')
      await first.seen(/first@here ready/)
      const caller = start('late_work', ['3'])
      await first.seen(/working for 3/)
      first.kill('SIGTERM')
      await first.seen(/Warm shutdown/)
      const next = start('add_numbers')
      expect(await output(caller)).toBe('false\n')
      expect(await first.ended).toBe(0)
      await worker('second').seen(/second@here ready/)
      expect(await output(next)).toBe('8\n')
    })

    it('gives the task of a worker that is killed to another', async () => {
      const { start, worker } = await inNewVhost()
      const first = worker('first', ['--pool=solo'])
      await first.seen(/first@here ready/)
      const caller = start('late_work', ['4'])
      await first.seen(/working for 4/)
      first.kill('SIGKILL')
      expect(await first.ended).toBe('SIGKILL')
      const second = worker('second', ['--pool=solo'])
      await second.seen(/working for 4/)
      expect(await output(caller)).toBe('true\n')
    })
  })
})
