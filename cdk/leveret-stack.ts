import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { CustomResourceConfig } from 'aws-cdk-lib/custom-resources'
import type { Construct } from 'constructs'
import { Leveret } from './leveret.ts'
import type { LeveretProps } from './props.ts'

export interface LeveretStackProps extends StackProps {
  readonly broker?: LeveretProps
}

/** A stack with one broker in it, and what somebody who has deployed it wants to know next. */
export class LeveretStack extends Stack {
  readonly broker: Leveret

  constructor(scope: Construct, id: string, { broker = {}, ...props }: LeveretStackProps = {}) {
    super(scope, id, {
      description: "Leveret: RabbitMQ's model with no servers",
      terminationProtection: false,
      ...props,
    })
    this.broker = new Leveret(this, 'Broker', broker)
    const { removalPolicy = RemovalPolicy.RETAIN, logRetention = RetentionDays.ONE_MONTH } = broker
    // The CDK's own function that empties the bucket would leave its log behind otherwise.
    CustomResourceConfig.of(this).addLogRetentionLifetime(logRetention)
    CustomResourceConfig.of(this).addRemovalPolicy(removalPolicy)
    const { url, administrator, names, table, blobs } = this.broker
    const output = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value })
    output('Url', "RabbitMQ's management API is below /api of this address", url)
    output(
      'AdministratorCommand',
      'Shows the name and the first password of the administrator',
      `aws secretsmanager get-secret-value --region ${this.region} --secret-id ${administrator.secretArn} --query SecretString --output text`,
    )
    output('NamePrefix', 'What the names of all SQS queues of this broker begin with', names.namePrefix)
    const kept = 'Kept when the stack is deleted'
    const isKept = removalPolicy === RemovalPolicy.RETAIN
    output('TopologyTable', isKept ? `The journals. ${kept}` : 'The journals', table.tableName)
    output('BlobsBucket', isKept ? `Large payloads. ${kept}` : 'Large payloads', blobs.bucketName)
  }
}
