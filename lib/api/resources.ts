import { notFound } from '../model/errors.ts'
import { answer } from './answer.ts'
import type { ApiContext } from './env.ts'
import { errorResponse } from './errors.ts'
import { json } from './respond.ts'

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/**
 * Every resource with the methods it has, whichever function serves them: a function must tell "no such thing" from
 * "not with this method" for resources of the others too, and the API's description is made from it (openapi.ts). Where
 * two paths fit a request, the first one is meant. A test holds this table and the routes together.
 */
export const RESOURCES = {
  '/overview': ['GET'],
  '/whoami': ['GET'],
  '/version': ['GET'],
  '/extensions': ['GET'],
  '/cluster-name': ['GET', 'PUT'],
  '/definitions': ['GET', 'POST'],
  '/definitions/:vhost': ['GET', 'POST'],
  '/all-configuration': ['GET', 'POST'],
  '/all-configuration/:vhost': ['GET', 'POST'],

  '/vhosts': ['GET'],
  '/vhosts/:vhost': ['GET', 'PUT', 'DELETE'],
  '/vhosts/:vhost/deletion/protection': ['POST', 'DELETE'],
  '/vhosts/:vhost/permissions': ['GET'],
  '/vhosts/:vhost/topic-permissions': ['GET'],
  '/vhosts/:vhost/connections': ['GET'],
  '/vhosts/:vhost/channels': ['GET'],

  '/exchanges': ['GET'],
  '/exchanges/:vhost': ['GET'],
  '/exchanges/:vhost/:exchange': ['GET', 'PUT', 'DELETE'],
  '/exchanges/:vhost/:exchange/bindings/source': ['GET'],
  '/exchanges/:vhost/:exchange/bindings/destination': ['GET'],
  '/exchanges/:vhost/:exchange/publish': ['POST'],
  '/exchanges/:vhost/:exchange/publish/batch': ['POST'],
  '/exchanges/:vhost/:exchange/route': ['POST'],
  '/exchanges/:vhost/:exchange/scheduled': ['GET'],
  '/exchanges/:vhost/:exchange/scheduled/:id': ['DELETE'],

  '/queues': ['GET'],
  '/queues/detailed': ['GET'],
  '/queues/:vhost': ['GET'],
  '/queues/:vhost/:queue': ['GET', 'PUT', 'DELETE'],
  '/queues/:vhost/:queue/contents': ['DELETE'],
  '/queues/:vhost/:queue/bindings': ['GET'],
  '/queues/:vhost/:queue/get': ['POST'],
  '/queues/:vhost/:queue/settle': ['POST'],
  '/queues/:vhost/:queue/dead-letters': ['GET', 'DELETE'],
  '/queues/:vhost/:queue/dead-letters/redrive': ['POST'],
  '/queues/:vhost/:queue/actions': ['POST'],

  '/bindings': ['GET'],
  '/bindings/:vhost': ['GET'],
  '/bindings/:vhost/e/:source/q/:destination': ['GET', 'POST'],
  '/bindings/:vhost/e/:source/q/:destination/:properties': ['GET', 'DELETE'],
  '/bindings/:vhost/e/:source/e/:destination': ['GET', 'POST'],
  '/bindings/:vhost/e/:source/e/:destination/:properties': ['GET', 'DELETE'],

  '/users': ['GET'],
  '/users/without-permissions': ['GET'],
  '/users/bulk-delete': ['POST'],
  '/users/:user': ['GET', 'PUT', 'DELETE'],
  '/users/:user/permissions': ['GET'],
  '/users/:user/topic-permissions': ['GET'],
  '/user-limits': ['GET'],
  '/user-limits/:user': ['GET'],
  '/user-limits/:user/:limit': ['PUT', 'DELETE'],

  '/permissions': ['GET'],
  '/permissions/:vhost/:user': ['GET', 'PUT', 'DELETE'],
  '/topic-permissions': ['GET'],
  '/topic-permissions/:vhost/:user': ['GET', 'PUT', 'DELETE'],
  '/topic-permissions/:vhost/:user/:exchange': ['DELETE'],
  '/vhost-limits': ['GET'],
  '/vhost-limits/:vhost': ['GET'],
  '/vhost-limits/:vhost/:limit': ['PUT', 'DELETE'],

  '/policies': ['GET'],
  '/policies/:vhost': ['GET'],
  '/policies/:vhost/:policy': ['GET', 'PUT', 'DELETE'],
  '/operator-policies': ['GET'],
  '/operator-policies/:vhost': ['GET'],
  '/operator-policies/:vhost/:policy': ['GET', 'PUT', 'DELETE'],
  '/parameters': ['GET'],
  '/parameters/:component': ['GET'],
  '/parameters/:component/:vhost': ['GET'],
  '/parameters/:component/:vhost/:name': ['GET', 'PUT', 'DELETE'],
  '/global-parameters': ['GET'],
  '/global-parameters/:name': ['GET', 'PUT', 'DELETE'],

  '/journal/:vhost': ['GET'],
  '/openapi.json': ['GET'],
  '/healthz': ['GET'],
  '/metrics': ['GET'],

  '/nodes': ['GET'],
  '/nodes/:node': ['GET'],
  '/nodes/:node/memory': ['GET'],
  '/rebalance/queues': ['POST'],
  '/health/checks/alarms': ['GET'],
  '/health/checks/local-alarms': ['GET'],
  '/health/checks/virtual-hosts': ['GET'],
  '/health/checks/node-is-quorum-critical': ['GET'],
  '/health/checks/node-is-mirror-sync-critical': ['GET'],
  '/health/checks/is-in-service': ['GET'],
  '/health/checks/ready-to-serve-clients': ['GET'],
  '/health/checks/below-node-connection-limit': ['GET'],
  '/health/checks/metadata-store/initialized': ['GET'],
  '/health/checks/port-listener/:port': ['GET'],
  '/health/checks/protocol-listener/:protocol': ['GET'],
  '/health/checks/certificate-expiration/:within/:unit': ['GET'],
  '/healthchecks/node': ['GET'],
  '/healthchecks/node/:node': ['GET'],
  '/aliveness-test/:vhost': ['GET'],
  '/feature-flags': ['GET'],
  '/feature-flags/:name/enable': ['PUT'],
  '/deprecated-features': ['GET'],
  '/deprecated-features/used': ['GET'],

  '/connections': ['GET'],
  '/connections/username/:user': ['GET', 'DELETE'],
  '/connections/:connection': ['GET', 'DELETE'],
  '/connections/:connection/channels': ['GET'],
  '/channels': ['GET'],
  '/channels/:channel': ['GET'],
  '/consumers': ['GET'],
  '/consumers/:vhost': ['GET'],
  '/federation-links': ['GET'],
  '/federation-links/:vhost': ['GET'],
  '/shovels': ['GET'],
  '/shovels/:vhost': ['GET'],
} as const satisfies Readonly<Record<string, readonly Method[]>>

/** The path of a resource, with its parameters. */
export type ResourcePath = keyof typeof RESOURCES

/** `GET /overview` and the like: every method of every resource. */
export type Operation = { [Path in ResourcePath]: `${(typeof RESOURCES)[Path][number]} ${Path}` }[ResourcePath]

/** For what no route takes: 405 with `Allow` where the resource has other methods, else 404 (contract §1.1). */
export function fallback(c: ApiContext): Response {
  const methods = methodsOf(c.req.path)
  if (!methods) return errorResponse(c, notFound())
  const allow = ['OPTIONS', ...(methods.includes('GET') ? ['HEAD'] : []), ...methods].sort().join(', ')
  if (c.req.method === 'OPTIONS') return answer(200, { allow })
  return json(c, { error: 'method_not_allowed', reason: 'Method Not Allowed' }, 405, { allow })
}

interface Resource {
  readonly pattern: RegExp
  readonly methods: readonly Method[]
}

/** Made when first needed: no request that finds its route needs it. */
let resources: readonly Resource[] | undefined

function methodsOf(path: string): readonly Method[] | undefined {
  resources ??= Object.entries(RESOURCES).map(([template, methods]) => ({
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/:[a-z]+/g, '[^/]+')}$`),
    methods,
  }))
  return resources.find(({ pattern }) => pattern.test(path))?.methods
}
