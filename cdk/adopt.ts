import { Grant, type IRole } from 'aws-cdk-lib/aws-iam'
import { type IQueue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { keyActionsFor } from './encryption.ts'
import type { Grant as FunctionGrant } from './grant.ts'

/** What is done to messages. What is done to SQS queues is never done to an adopted one. */
const MESSAGE_ACTIONS = new Set([
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
])

/**
 * Lets a function do with an SQS queue of the app what it does with the messages of the broker's own. `grants` are all of
 * the function's, `anyQueueArn` is what they call the broker's own.
 */
export function adopt(role: IRole, queue: IQueue, grants: readonly FunctionGrant[], anyQueueArn: string): Grant[] {
  const actions = grants
    .filter(({ resources }) => resources.includes(anyQueueArn))
    .flatMap((grant) => grant.actions)
    .filter((action) => MESSAGE_ACTIONS.has(action))
  if (actions.length === 0) return []
  const onQueue = Grant.addToPrincipal({ grantee: role, actions, resourceArns: [queue.queueArn] })
  const { encryptionMasterKey: key, encryptionType } = queue
  // AWS's own key for SQS lets in whoever may use the queue.
  if (key === undefined || encryptionType === QueueEncryption.KMS_MANAGED) return [onQueue]
  const keyActions = keyActionsFor(actions)
  return keyActions.length === 0 ? [onQueue] : [onQueue, key.grant(role, ...keyActions)]
}
