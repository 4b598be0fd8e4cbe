import { isAllowed, matches, type Statement } from '../cdk/policies.ts'
import type { RecordedAccess } from './recorder.ts'

/** The statements of each function's role, by the function's name. */
export type Roles = ReadonlyMap<string, readonly Statement[]>

/** An action that a function may do to a resource, or to what a pattern matches. */
export type Permission = RecordedAccess

/** What no test makes a function do, though it must be allowed. */
export interface Exception {
  readonly function: string
  readonly action: string
  /** The end of the resource in the role. */
  readonly resource: string
  readonly reason: string
}

/** Sentences, one for each thing that is wrong. */
export interface Verdict {
  /** Calls that a role does not allow. */
  readonly denied: readonly string[]
  /** What roles allow and nobody used, unless it is an exception. */
  readonly unused: readonly string[]
  /** Exceptions from nothing: no role allows that any more. */
  readonly stale: readonly string[]
}

/** Holds what functions did against what their roles allow, in both directions. */
export function judge(
  roles: Roles,
  accesses: readonly RecordedAccess[],
  exceptions: readonly Exception[] = [],
): Verdict {
  const permissions = permissionsOf(roles)
  const isListed = (permission: Permission) => exceptions.some((exception) => isAbout(exception, permission))
  const used = new Set(accesses.map((access) => narrowest(permissions, access)))
  const isAllowedToSome = (exception: Exception) => permissions.some((permission) => isAbout(exception, permission))
  return {
    denied: denied(roles, accesses),
    unused: permissions
      .filter((permission) => !isListed(permission) && !used.has(permission))
      .map(({ function: name, action, resource }) => `${name} may ${action} on ${resource}, and never did`),
    stale: exceptions
      .filter((exception) => !isAllowedToSome(exception))
      .map(({ function: name, action, resource }) => `${name} is listed for ${action} on …${resource}, and may not`),
  }
}

/** One sentence for a function and an action, however many resources. */
function denied(roles: Roles, accesses: readonly RecordedAccess[]): string[] {
  const found = Map.groupBy(
    accesses.filter((access) => !isAllowed(roles.get(access.function) ?? [], access.action, access.resource)),
    (access) => `${access.function} did ${access.action}`,
  )
  return Array.from(found, ([what, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    return `${what} on ${first?.resource}${more}, and may not`
  })
}

export const permissionsOf = (roles: Roles): Permission[] =>
  Array.from(roles).flatMap(([name, statements]) =>
    statements
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action, Resource }) =>
        Action.flatMap((action) => Resource.map((resource) => ({ function: name, action, resource }))),
      ),
  )

/** The permission that an access makes use of: what a wider one allows as well does not justify it. */
function narrowest(permissions: readonly Permission[], access: RecordedAccess): Permission | undefined {
  const [first, ...others] = permissions.filter((permission) => isUse(permission, access))
  return others.reduce((best, other) => (other.resource.length > (best?.resource.length ?? 0) ? other : best), first)
}

const isUse = (permission: Permission, access: RecordedAccess): boolean =>
  access.function === permission.function &&
  permission.action === access.action &&
  matches(permission.resource, access.resource)

const isAbout = (exception: Exception, permission: Permission): boolean =>
  exception.function === permission.function &&
  exception.action === permission.action &&
  permission.resource.endsWith(exception.resource)
