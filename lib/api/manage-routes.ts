import { absentRoutes } from './absent.ts'
import { bindingRoutes } from './bindings.ts'
import { clusterNameRoutes } from './cluster-name.ts'
import { connectionRoutes } from './connections.ts'
import { consumerRoutes } from './consumers.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { definitionRoutes } from './definitions.ts'
import type { Api } from './env.ts'
import { exchangeRoutes } from './exchanges.ts'
import { featureRoutes } from './features.ts'
import { globalParameterRoutes } from './global-parameters.ts'
import { healthRoutes } from './health.ts'
import { journalRoutes } from './journal.ts'
import { metricsRoutes } from './metrics.ts'
import { nodeRoutes } from './nodes.ts'
import { openApiRoutes } from './openapi.ts'
import { operatorPolicyRoutes } from './operator-policies.ts'
import { overviewRoutes } from './overview.ts'
import { parameterRoutes } from './parameters.ts'
import { permissionRoutes } from './permissions.ts'
import { policyRoutes } from './policies.ts'
import { queueRoutes } from './queues.ts'
import { scheduledRoutes } from './scheduled.ts'
import { topicPermissionRoutes } from './topic-permissions.ts'
import { userLimitRoutes } from './user-limits.ts'
import { userRoutes } from './users.ts'
import { vhostLimitRoutes } from './vhost-limits.ts'
import { vhostRoutes } from './vhosts.ts'

const RESOURCE_FILES: readonly ((api: Api) => void)[] = [
  overviewRoutes,
  vhostRoutes,
  exchangeRoutes,
  scheduledRoutes,
  queueRoutes,
  deadLetterRoutes,
  bindingRoutes,
  userRoutes,
  permissionRoutes,
  topicPermissionRoutes,
  vhostLimitRoutes,
  userLimitRoutes,
  policyRoutes,
  operatorPolicyRoutes,
  parameterRoutes,
  globalParameterRoutes,
  definitionRoutes,
  clusterNameRoutes,
  journalRoutes,
  nodeRoutes,
  healthRoutes,
  metricsRoutes,
  featureRoutes,
  connectionRoutes,
  consumerRoutes,
  absentRoutes,
  openApiRoutes,
]

/** What function `manage` serves: everything but publish, get and settle. */
export function manageRoutes(api: Api): void {
  for (const register of RESOURCE_FILES) register(api)
}
