import { BrokerError, invalid } from '../../model/errors.ts'
import type { QueueType } from '../../model/queue.ts'
import { NO_DEFAULT_QUEUE_TYPE, type Vhost } from '../../model/vhost.ts'
import { type AccessCommand, decideAccess } from '../access/decide.ts'
import type { AccessEvent } from '../access/events.ts'
import { accessMachine } from '../access/machine.ts'
import type { AccessState } from '../access/state.ts'
import { decideVhost } from '../vhost/decide.ts'
import { predefinedExchanges } from '../vhost/exchange.ts'
import type { ImportIntoVhost } from '../vhost/import.ts'
import { vhostMachine } from '../vhost/machine.ts'
import type { VhostState } from '../vhost/state.ts'
import type { Maker } from './commits.ts'
import type { Definitions, QueueDefinition } from './definitions.ts'
import type { ImportStep } from './steps.ts'

/** The states that an import begins with; they are not changed. */
export interface ImportGround {
  readonly access: AccessState
  readonly vhosts: readonly VhostState[]
}

/**
 * Runs an import on copies of the states, so that a file which would be refused halfway is refused before anything of it
 * is committed. Returns the states as the import would leave them. Throws what the refusal of the step is.
 */
export function rehearse(
  steps: readonly ImportStep[],
  { access, vhosts }: ImportGround,
  maker: Maker,
): { readonly access: AccessState; readonly vhosts: ReadonlyMap<string, VhostState> } {
  const copies = {
    access: accessMachine.restore(accessMachine.snapshot(access)),
    vhosts: new Map(vhosts.map((state) => [state.vhost, vhostMachine.restore(vhostMachine.snapshot(state))])),
  }
  for (const step of steps) rehearseStep(step, copies, maker)
  return copies
}

interface Copies {
  readonly access: AccessState
  readonly vhosts: Map<string, VhostState>
}

function rehearseStep(step: ImportStep, { access, vhosts }: Copies, maker: Maker): void {
  if (step.type === 'access') {
    importIntoAccess(access, step.commands)
  } else if (step.type === 'vhost') {
    const command = { type: 'put-vhost', id: maker.mintId(), user: maker.user, ...step.declaration } as const
    for (const event of importIntoAccess(access, [command])) {
      if (event.type === 'vhost-created') vhosts.set(event.vhost.name, openedVhost(event.vhost, maker))
    }
  } else {
    const state = vhosts.get(step.vhost)
    const vhost = access.vhosts.get(step.vhost)
    if (!state || !vhost) throw noSuchVhost(step.vhost)
    const command = step.type === 'items' ? step.command : queueCommand(step.queues, vhost, maker)
    for (const event of decideVhost(state, command)) vhostMachine.apply(state, event)
  }
}

function openedVhost({ id, name }: Vhost, { user, mintId }: Maker): VhostState {
  const state = vhostMachine.initial()
  vhostMachine.apply(state, { type: 'vhost-opened', id, name, exchanges: predefinedExchanges(user, mintId) })
  return state
}

function queueCommand(queues: readonly QueueDefinition[], vhost: Vhost, { user, mintId }: Maker): ImportIntoVhost {
  const { defaultQueueType, limits } = vhost
  const defaultType = defaultQueueType === NO_DEFAULT_QUEUE_TYPE ? undefined : (defaultQueueType as QueueType)
  const items = declarationsFor(queues, vhost).map(
    (declaration) =>
      ({
        type: 'declare-queue',
        id: mintId(),
        user,
        ...declaration,
        defaultType,
        maxQueues: limits['max-queues'],
        sqsQueues: [],
      }) as const,
  )
  return { type: 'import', items }
}

/**
 * The queues as they are declared in a vhost: one whose file names a type beside the arguments keeps that type, also
 * where the vhost's default is another.
 */
export function declarationsFor(queues: readonly QueueDefinition[], { defaultQueueType }: Vhost) {
  const implied = defaultQueueType === NO_DEFAULT_QUEUE_TYPE ? 'classic' : defaultQueueType
  return queues.map(({ queueType, ...declaration }) => {
    const isImplied = queueType === undefined || queueType === implied
    if (isImplied || Object.hasOwn(declaration.arguments, 'x-queue-type')) return declaration
    return { ...declaration, arguments: { ...declaration.arguments, 'x-queue-type': queueType } }
  })
}

/**
 * The events of several commands, each decided on what the earlier ones leave. Changes the given state as it goes.
 * Throws `invalid`, naming the object, for a command that is refused.
 */
export function importIntoAccess(state: AccessState, commands: readonly AccessCommand[]): AccessEvent[] {
  return commands.flatMap((command) => {
    const events = decideNamed(state, command)
    for (const event of events) accessMachine.apply(state, event)
    return events
  })
}

function decideNamed(state: AccessState, command: AccessCommand): AccessEvent[] {
  try {
    return decideAccess(state, command)
  } catch (error) {
    throw error instanceof BrokerError ? invalid(`${describe(command)}: ${error.message}`) : error
  }
}

function describe(command: AccessCommand): string {
  switch (command.type) {
    case 'set-user':
      return `user '${command.user.name}'`
    case 'set-user-limit':
      return `limits of user '${command.user}'`
    case 'put-vhost':
    case 'protect-vhost':
      return `vhost '${command.name}'`
    case 'set-vhost-limit':
      return `limits of vhost '${command.vhost}'`
    case 'set-permission':
      return `permission of user '${command.permission.user}' in vhost '${command.permission.vhost}'`
    case 'set-topic-permission':
      return `topic permission of user '${command.permission.user}' in vhost '${command.permission.vhost}'`
    case 'set-global-parameter':
      return `global parameter '${command.name}'`
    default:
      return command.type
  }
}

/** Throws `invalid` where the file names a vhost or a user that is neither in it nor there (contract §4.2). */
export function assertNamesKnown(definitions: Definitions, access: AccessState): void {
  const vhosts = new Set([...access.vhosts.keys(), ...definitions.vhosts.map(({ name }) => name)])
  const users = new Set([...access.users.keys(), ...definitions.users.map(({ name }) => name)])
  const permissions = [...definitions.permissions, ...definitions.topicPermissions]
  for (const vhost of [
    ...permissions.map((permission) => permission.vhost),
    ...definitions.vhostLimits.map((limit) => limit.vhost),
    ...definitions.contents.keys(),
  ]) {
    if (!vhosts.has(vhost)) throw noSuchVhost(vhost)
  }
  for (const { user } of permissions) {
    if (!users.has(user)) throw invalid(`Please create user "${user}" prior to importing definitions.`)
  }
}

const noSuchVhost = (name: string): BrokerError =>
  invalid(`Please create virtual host "${name}" prior to importing definitions.`)
