import { CfnResource, RemovalPolicy } from 'aws-cdk-lib'
import {
  AttributeType,
  Billing,
  type ITableV2,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import { EXPIRES_AT_ATTRIBUTE, MESSAGES_PARTITION_KEY, MESSAGES_SORT_KEY } from '../lib/delivery/messages-table.ts'
import { PARTITION_KEY, SORT_KEY } from '../lib/journal/table.ts'
import type { Settings } from './settings.ts'

type TableSettings = Pick<Settings, 'removalPolicy' | 'encryptionKey' | 'existing'>

/** The journals: the truth about everything declared, so it can be taken back to any second of the last 35 days. */
export const topologyTable = (scope: Construct, settings: TableSettings): TableV2 | ITableV2 =>
  existing(scope, 'ExistingTopology', settings.existing?.tableName) ??
  table(scope, 'Topology', settings, {
    partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
    sortKey: { name: SORT_KEY, type: AttributeType.STRING },
  })

/** Messages that wait for their time are kept here and nowhere else, so it is as well protected as the journals. */
export const messagesTable = (scope: Construct, settings: TableSettings): TableV2 | ITableV2 =>
  existing(scope, 'ExistingMessages', settings.existing?.messagesTableName) ??
  table(scope, 'Messages', settings, {
    partitionKey: { name: MESSAGES_PARTITION_KEY, type: AttributeType.STRING },
    sortKey: { name: MESSAGES_SORT_KEY, type: AttributeType.STRING },
    timeToLiveAttribute: EXPIRES_AT_ATTRIBUTE,
  })

const existing = (scope: Construct, id: string, tableName: string | undefined): ITableV2 | undefined =>
  tableName === undefined ? undefined : TableV2.fromTableName(scope, id, tableName)

function table(
  scope: Construct,
  id: string,
  { removalPolicy, encryptionKey }: TableSettings,
  own: Pick<TablePropsV2, 'partitionKey' | 'sortKey' | 'timeToLiveAttribute'>,
): TableV2 {
  const made = new TableV2(scope, id, {
    ...own,
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
    removalPolicy,
  })
  if (encryptionKey !== undefined) encryptWith(made, encryptionKey)
  return made
}

/** As TableEncryptionV2.customerManagedKey does, which only takes stacks whose region is known at synthesis. */
function encryptWith(made: TableV2, { keyArn }: IKey): void {
  const { defaultChild } = made.node
  if (!CfnResource.isCfnResource(defaultChild)) throw new Error('a table is a resource')
  defaultChild.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: keyArn })
}
