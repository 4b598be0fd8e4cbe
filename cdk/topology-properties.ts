import { Lazy } from 'aws-cdk-lib'
import { compilePermission } from '../lib/model/pattern.ts'
import { type AppTopology, refused } from './app-topology.ts'
import type { BrokerQueue } from './broker-queue.ts'
import type { BrokerUser } from './broker-user.ts'

/** All that an app has added to a broker. More may be added until the app is synthesised. */
export interface AppParts {
  readonly topology: AppTopology
  readonly queues: readonly BrokerQueue[]
  readonly users: readonly BrokerUser[]
}

/** The properties by which the broker is told of it (lib/broker/deployment.ts); none where nothing was added. */
export const topologyProperties = (parts: AppParts): Readonly<Record<string, unknown>> => ({
  Topology: Lazy.string({ produce: () => (isEmpty(parts) ? undefined : topologyText(parts)) }),
  SqsQueues: Lazy.any(
    {
      produce: () =>
        parts.queues.map(({ vhost, queueName, sqsQueue }) => ({
          Vhost: vhost,
          Queue: queueName,
          Arn: sqsQueue.queueArn,
        })),
    },
    { omitEmptyArray: true },
  ),
  Users: Lazy.any(
    {
      produce: () =>
        parts.users.map(({ username, tags, secret }) => ({ Name: username, SecretArn: secret.secretArn, Tags: tags })),
    },
    { omitEmptyArray: true },
  ),
})

const isEmpty = ({ topology, users }: AppParts): boolean => topology.isEmpty && users.length === 0

const topologyText = ({ topology, users }: AppParts): string =>
  JSON.stringify({ ...topology.toDefinitions(), permissions: users.flatMap((user) => user.permissions()) })

/** An update tells what is and what was, and Lambda takes 256 KB; what a vhost gets of it has to fit a commit as well. */
const MAX_TOPOLOGY_BYTES = 80 * 1024

/** What is wrong with all of it together, for people. */
export function complaintsOf(parts: AppParts): string[] {
  const sizeBytes = Buffer.byteLength(topologyText(parts))
  const tooLarge =
    sizeBytes > MAX_TOPOLOGY_BYTES
      ? [
          `Leveret cannot be told of ${sizeBytes} bytes of topology by a stack, ${MAX_TOPOLOGY_BYTES} is the most: ` +
            'use addDefinitions for exchanges and bindings that need no construct',
        ]
      : []
  return [...tooLarge, ...parts.users.flatMap(complaintsOfUser)]
}

function complaintsOfUser(user: BrokerUser): string[] {
  try {
    for (const { configure, write, read } of user.permissions()) {
      refused(`user '${user.username}'`, () => [configure, write, read].map(compilePermission))
    }
    return []
  } catch (error) {
    return [String(error instanceof Error ? error.message : error)]
  }
}
