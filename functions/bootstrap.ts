import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { deleteAllQueues } from '../lib/broker/delete-all-queues.ts'
import { type DeployedProperties, deployDefinitions, deployTopology } from '../lib/broker/deployment.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { setUp } from '../lib/broker/set-up.ts'
import { logError } from '../lib/log.ts'

type Event = CloudFormationCustomResourceEvent<{ ServiceToken: string } & DeployedProperties, DeployedProperties>

const DEFINITIONS = 'Custom::LeveretDefinitions'

/**
 * CloudFormation's custom resources. The broker, created or updated, is set up with what the app declares; deleted, its
 * queues are as well where the stack says so. A definitions file is imported, and never taken back. Always answers, or
 * the stack would wait for an hour.
 */
export const createHandler =
  (broker: Broker) =>
  async (event: Event): Promise<void> => {
    try {
      await (event.ResourceType === DEFINITIONS ? serveFile : serveBroker)(broker, event)
      await answer(event, { Status: 'SUCCESS' })
    } catch (error) {
      logError(`${event.LogicalResourceId} could not be deployed or taken down`, error)
      await answer(event, { Status: 'FAILED', Reason: reasonOf(error) })
    }
  }

export const handler = functionHandler(createHandler)

async function serveBroker(broker: Broker, event: Event): Promise<void> {
  const { RequestType, ResourceProperties: properties } = event
  if (RequestType !== 'Delete') {
    await setUp(broker)
    await deployTopology(broker, properties, RequestType === 'Update' ? event.OldResourceProperties : {})
  } else if (properties.DeleteQueues === 'true') {
    await deleteAllQueues(broker)
  }
}

const serveFile = async (broker: Broker, { RequestType, ResourceProperties }: Event): Promise<void> =>
  RequestType === 'Delete' ? undefined : deployDefinitions(broker, ResourceProperties)

/** All of an answer may have 4096 bytes. */
const reasonOf = (error: unknown): string =>
  `${String(error instanceof Error ? error.message : error).slice(0, 1000)}; the log of function bootstrap says more`

type Outcome = { readonly Status: 'SUCCESS' } | { readonly Status: 'FAILED'; readonly Reason: string }

async function answer(event: Event, outcome: Outcome): Promise<void> {
  const { RequestId, StackId, LogicalResourceId, ResourceType } = event
  // CloudFormation deletes what had another id, so these are for good.
  const PhysicalResourceId = ResourceType === DEFINITIONS ? 'leveret-definitions' : 'leveret'
  const body = JSON.stringify({ RequestId, StackId, LogicalResourceId, PhysicalResourceId, ...outcome })
  // The URL is signed for a request without a content type.
  const response = await fetch(event.ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body })
  if (!response.ok) throw new Error(`CloudFormation took no answer: ${response.status}`)
}
