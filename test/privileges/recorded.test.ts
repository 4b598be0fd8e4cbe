import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { roleStatements, type Statement } from '../cdk/policies.ts'
import { synthesise } from '../cdk/synthesised.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { accessesOfLambda, recordedWorld } from './recorded-world.ts'
import { type RecordedAccess, readRecordings, recordingsDirectory } from './recorder.ts'
import { judge, type Permission, permissionsOf, type Verdict } from './verdict.ts'

/** The integration suite has recorded what each function asks of AWS; here it is held against the roles of the stack. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const recordings = readRecordings(recordingsDirectory() ?? '')
const template = synthesise({ amqp: { newVpc: true, internal: true, withoutTls: true } })
const environment = Object.assign({}, ...recordings.map((recording) => recording.environment))
const world = recordedWorld(template, environment)
const roles = roleStatements(template, world)
const accesses = [...recordings.flatMap((recording) => recording.accesses), ...accessesOfLambda(template, world)]

/** Test files that did not run, or not as a whole, or had failures: what they would have shown to be needed is not known. */
const missing = globSync('test/integration/**/*.test.ts', { cwd: root }).filter(
  (path) => !recordings.some(({ testFile, isWhole }) => testFile === path && isWhole),
)

/** The verdict on one function, if its role had one permission more, or one less. */
const withOneMore = ({ function: name, action, resource }: Permission): Verdict =>
  judgeChanged(name, accesses, (statements) => [
    ...statements,
    { Effect: 'Allow', Action: [action], Resource: [resource] },
  ])

const withOneLess = ({ function: name, action, resource }: Permission): Verdict =>
  judgeChanged(
    name,
    accesses.filter((access) => access.action === action),
    (statements) =>
      statements.map((statement) =>
        statement.Resource.includes(resource)
          ? { ...statement, Action: statement.Action.filter((other) => other !== action) }
          : statement,
      ),
  )

function judgeChanged(
  name: string,
  done: readonly RecordedAccess[],
  change: (statements: readonly Statement[]) => readonly Statement[],
): Verdict {
  const isOwn = (of: { readonly function: string }) => of.function === name
  const changed = new Map([[name, change(roles.get(name) ?? [])]])
  return judge(changed, done.filter(isOwn), EXCEPTIONS.filter(isOwn))
}

const textOf = ({ function: name, action, resource }: Permission): string => `${name} ${action} ${resource}`

test('every call that a function makes is allowed by its role', ({ skip }) => {
  skip(recordings.length === 0, 'nothing was recorded: run with --project integration')
  expect(judge(roles, accesses).denied).toEqual([])
})

describe('of the integration suite as a whole', () => {
  beforeEach(({ skip }) => skip(missing.length > 0, `not run, or not passed, as a whole: ${missing.join(', ')}`))

  test('everything that a role allows is used, or listed with a reason', () => {
    const { unused, stale } = judge(roles, accesses, EXCEPTIONS)
    expect({ unused, stale }).toEqual({ unused: [], stale: [] })
  })

  test('no action can be taken away from a role', () => {
    const isMissed = (permission: Permission) => {
      const { denied, stale } = withOneLess(permission)
      return denied.length + stale.length > 0
    }
    const permissions = permissionsOf(roles)
    expect(permissions.length).toBeGreaterThan(40)
    expect(permissions.filter((permission) => !isMissed(permission)).map(textOf)).toEqual([])
  })

  test('no action can be given to a role', () => {
    const permissions = permissionsOf(roles)
    const possible = permissions
      .filter(({ action }) => !action.startsWith('logs:'))
      .flatMap((permission) => Array.from(roles.keys(), (name) => ({ ...permission, function: name })))
    const all = new Map([...possible, ...permissions].map((permission) => [textOf(permission), permission]))
    for (const permission of permissions) all.delete(textOf(permission))
    const more = [...all.values()]
    const isNoticed = (permission: Permission) => withOneMore(permission).unused.length > 0
    expect(more.length).toBeGreaterThan(40)
    expect(more.filter((permission) => !isNoticed(permission)).map(textOf)).toEqual([])
  })
})
