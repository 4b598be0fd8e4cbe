import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import { PARTITION_KEY, SORT_KEY } from '../lib/journal/table.ts'
import type { Settings } from './props.ts'

/** The journals: the truth about everything declared, so it can be taken back to any second of the last 35 days. */
export function topologyTable(scope: Construct, { removalPolicy }: Pick<Settings, 'removalPolicy'>): TableV2 {
  return new TableV2(scope, 'Topology', {
    partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
    sortKey: { name: SORT_KEY, type: AttributeType.STRING },
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
    removalPolicy,
  })
}
