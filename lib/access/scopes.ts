import type { Grants, PermissionCheck } from './authorise.ts'

/** What a token grants (RabbitMQ's OAuth 2 plugin, "scope-to-permission translation"). */
export interface TokenGrants {
  readonly tags: readonly string[]
  readonly grants: Grants
}

type Action = PermissionCheck['action']

interface Scope {
  readonly action: Action
  readonly vhost: Wildcard
  readonly name: Wildcard
  readonly routingKey: Wildcard
}

const ACTIONS: readonly string[] = ['configure', 'write', 'read'] satisfies Action[]

/**
 * Reads scopes of one resource server: `ID.read:VHOST/NAME`, `ID.write:VHOST/NAME/KEY`, `ID.configure:VHOST/NAME` and
 * `ID.tag:TAG`. Each part is percent-encoded and may hold `*` for any text; a key that is left out is any. Scopes of
 * other servers, and those that are none, grant nothing.
 */
export function parseScopes(scopes: readonly string[], resourceServerId: string): TokenGrants {
  const prefix = `${resourceServerId}.`
  const own = scopes.filter((scope) => scope.startsWith(prefix)).map((scope) => scope.slice(prefix.length))
  const tags = own.filter((scope) => scope.startsWith('tag:')).map((scope) => scope.slice('tag:'.length))
  return { tags, grants: new ScopeGrants(own.flatMap(parseScope)) }
}

function parseScope(text: string): Scope[] {
  const [, action = '', target = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? []
  if (!ACTIONS.includes(action)) return []
  const [vhost, name, routingKey = '*', ...rest] = target.split('/')
  if (vhost === undefined || name === undefined || rest.length > 0) return []
  try {
    return [
      {
        action: action as Action,
        vhost: new Wildcard(vhost),
        name: new Wildcard(name),
        routingKey: new Wildcard(routingKey),
      },
    ]
  } catch (error) {
    if (error instanceof URIError) return []
    throw error
  }
}

class ScopeGrants implements Grants {
  readonly #scopes: readonly Scope[]

  constructor(scopes: readonly Scope[]) {
    this.#scopes = scopes
  }

  mayEnter(vhost: string): boolean {
    return this.#scopes.some((scope) => scope.vhost.matches(vhost))
  }

  allows(action: Action, vhost: string, name: string): boolean {
    return this.#scopes.some(
      (scope) => scope.action === action && scope.vhost.matches(vhost) && scope.name.matches(name),
    )
  }

  allowsKey(action: Action, vhost: string, exchange: string, routingKey: string): boolean {
    return this.#scopes.some(
      (scope) =>
        scope.action === action &&
        scope.vhost.matches(vhost) &&
        scope.name.matches(exchange) &&
        scope.routingKey.matches(routingKey),
    )
  }
}

/** A text with `*` for any characters, none included; matched in time that is linear in both for each `*`. */
class Wildcard {
  readonly #parts: readonly string[]

  /** Throws URIError where the text is not percent-encoded. */
  constructor(text: string) {
    this.#parts = text.split('*').map(decodeURIComponent)
  }

  matches(text: string): boolean {
    const [first = '', ...middle] = this.#parts
    const last = middle.pop()
    if (last === undefined) return text === first
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
    let from = first.length
    for (const part of middle) {
      const at = text.indexOf(part, from)
      if (at < 0) return false
      from = at + part.length
    }
    return from + last.length <= text.length
  }
}
