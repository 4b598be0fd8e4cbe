import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SqsError } from '../../../lib/local/sqs/errors.ts'
import { GroupCommit } from '../../../lib/local/sqs/group-commit.ts'

describe('group commit', () => {
  let database: DatabaseSync
  let commit: GroupCommit
  let commits: number
  let rollbacks: number
  let failAtCommit: boolean

  beforeEach(() => {
    database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (x INTEGER PRIMARY KEY)')
    commits = 0
    rollbacks = 0
    failAtCommit = false
    commit = new GroupCommit(database, {
      beforeCommit: () => {
        commits += 1
        if (failAtCommit) throw new Error('disk full')
      },
      afterRollback: () => {
        rollbacks += 1
      },
    })
  })
  afterEach(() => database.close())

  const insert = (x: number) => commit.run(() => database.exec(`INSERT INTO t VALUES (${x})`))
  const rows = () => database.prepare('SELECT x FROM t ORDER BY x').all()

  it('work of one turn shares one commit', async () => {
    await Promise.all([insert(1), insert(2), insert(3)])
    expect(rows()).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }])
    expect(commits).toBe(1)
  })

  it('nobody hears of a success before the commit', async () => {
    let committedWhenSettled = 0
    const settled = insert(1).then(() => {
      committedWhenSettled = commits
    })
    expect(commits).toBe(0)
    await settled
    expect(committedWhenSettled).toBe(1)
  })

  it('an error of one caller leaves the others alone', async () => {
    const refused = commit.run(() => {
      throw new SqsError('QueueDoesNotExist', 'no')
    })
    const results = await Promise.allSettled([insert(1), refused, insert(2)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(rows()).toEqual([{ x: 1 }, { x: 2 }])
    expect(rollbacks).toBe(0)
  })

  it('any other error undoes the whole turn and fails everybody in it', async () => {
    const results = await Promise.allSettled([insert(1), insert(2), insert(1)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(rows()).toEqual([])
    expect(rollbacks).toBe(1)
    await insert(3)
    expect(rows()).toEqual([{ x: 3 }])
  })

  it('a commit that fails confirms nothing', async () => {
    failAtCommit = true
    const results = await Promise.allSettled([insert(1), insert(2)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(rows()).toEqual([])
    failAtCommit = false
    await insert(4)
    expect(rows()).toEqual([{ x: 4 }])
  })

  it('closing commits what is open and refuses what comes later', async () => {
    const open = insert(1)
    commit.close()
    await open
    await expect(insert(2)).rejects.toThrow(/closed/)
    expect(rows()).toEqual([{ x: 1 }])
  })

  describe('over a disk that is synced beside', () => {
    let syncs: ((error: Error | null) => void)[]
    let heard: string[]

    afterEach(() => {
      vi.useRealTimers()
    })
    beforeEach(() => {
      syncs = []
      heard = []
      const hooks = { beforeCommit: () => undefined, afterRollback: () => undefined }
      const disk = {
        request: (_waiting: number, done: (error: Error | null) => void) => void syncs.push(done),
        close: () => {
          for (const done of syncs.splice(0)) done(null)
        },
      }
      commit = new GroupCommit(database, hooks, disk)
    })

    const note = (name: string, work: Promise<unknown>) =>
      void work.then(
        () => heard.push(name),
        (error: Error) => heard.push(`${name}: ${error.message}`),
      )
    const read = () => commit.run(() => rows(), 'written')
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

    it('who waits for the disk hears of it after the sync, who does not right after the commit', async () => {
      note('write', insert(1))
      note('read', read())
      await turn()
      expect(heard).toEqual(['read'])
      note('next', insert(2))
      await turn()
      expect([heard, rows()]).toEqual([['read'], [{ x: 1 }, { x: 2 }]])
      for (const done of syncs.splice(0)) done(null)
      await turn()
      expect(heard).toEqual(['read', 'write', 'next'])
    })

    it('nothing is confirmed any more once the disk has failed, though a later sync succeeds', async () => {
      note('first', insert(1))
      await turn()
      note('second', insert(2))
      await turn()
      syncs.shift()?.(new Error('EIO'))
      syncs.shift()?.(null)
      await turn()
      note('third', insert(3))
      note('read', read())
      await turn()
      expect(heard).toEqual(['first: EIO', 'second: EIO', 'third: EIO', 'read: EIO'])
    })

    it('what nobody waits for is synced within a second, unless something that is waited for is before', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      await read()
      await read()
      vi.advanceTimersByTime(999)
      expect(syncs).toHaveLength(0)
      vi.advanceTimersByTime(1)
      expect(syncs).toHaveLength(1)
      await read()
      note('write', insert(1))
      await turn()
      expect(syncs).toHaveLength(2)
      vi.advanceTimersByTime(10_000)
      expect(syncs).toHaveLength(2)
    })

    it('closing confirms what is committed', async () => {
      note('write', insert(1))
      commit.close()
      await turn()
      expect(heard).toEqual(['write'])
    })
  })
})
