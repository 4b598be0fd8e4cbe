import type { AccessCommand } from '../access/decide.ts'
import type { SetUser } from '../access/user.ts'
import { cut, cutIntoCommits, type Maker, type VhostCommit } from './commits.ts'
import type { Definitions, VhostDefinition } from './definitions.ts'

/** One step of an import, a commit of its own; `count` is how many objects of the file it brings. */
export type ImportStep =
  | { readonly type: 'access'; readonly commands: readonly AccessCommand[]; readonly count: number }
  | { readonly type: 'vhost'; readonly declaration: Omit<VhostDefinition, 'protectedFromDeletion'>; readonly count: 1 }
  | (VhostCommit & { readonly vhost: string })

/**
 * The steps of an import in the order of contract §4.2. `users` are the file's, with hashed passwords.
 * Throws `invalid` for an item that is too large for any commit.
 */
export function importSteps(definitions: Definitions, users: readonly SetUser['user'][], maker: Maker): ImportStep[] {
  const contents = [...definitions.contents].flatMap(([vhost, content]) =>
    cutIntoCommits(content, maker).map((commit) => ({ vhost, ...commit })),
  )
  // Exchanges precede topic permissions in RabbitMQ, which needs nothing of them; neither is bound to the other here.
  return [
    ...userSteps(definitions, users),
    ...definitions.vhosts.flatMap(vhostSteps),
    ...accessSteps([
      ...definitions.permissions.map((permission) => ({ type: 'set-permission', permission }) as const),
      ...definitions.topicPermissions.map((permission) => ({ type: 'set-topic-permission', permission }) as const),
      ...definitions.globalParameters.map((parameter) => ({ type: 'set-global-parameter', ...parameter }) as const),
    ]),
    ...definitions.vhostLimits.flatMap((limit) => accessSteps([{ type: 'set-vhost-limit', ...limit }])),
    ...contents,
  ]
}

const accessSteps = (commands: readonly AccessCommand[]): ImportStep[] => cut(commands).map(accessStep)

const accessStep = (commands: readonly AccessCommand[]): ImportStep => ({
  type: 'access',
  commands,
  count: commands.length,
})

/** A user's limits come right after the user, whose image each of their events repeats. */
function userSteps({ users }: Definitions, images: readonly SetUser['user'][]): ImportStep[] {
  const causes = images.flatMap((user, index) => {
    const limits = Object.entries(users[index]?.limits ?? {}).map(
      ([limit, value]): AccessCommand => ({ type: 'set-user-limit', user: user.name, limit, value }),
    )
    return [{ type: 'set-user', user } as const, ...limits].map((command) => ({ command, user }))
  })
  return cut(causes).map((part) => accessStep(part.map(({ command }) => command)))
}

function vhostSteps({ protectedFromDeletion, ...declaration }: VhostDefinition): ImportStep[] {
  const { name } = declaration
  const protection: ImportStep[] =
    protectedFromDeletion === undefined
      ? []
      : accessSteps([{ type: 'protect-vhost', name, protected: protectedFromDeletion }])
  return [{ type: 'vhost', declaration, count: 1 }, ...protection]
}
