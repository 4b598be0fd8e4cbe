import { CfnOutput, Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
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
    this.#tell(broker)
  }

  #tell({ removalPolicy = RemovalPolicy.RETAIN }: LeveretProps): void {
    const { url, publishUrl, amqp, administrator, names, table, messages, blobs } = this.broker
    const output = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value })
    output('Url', "RabbitMQ's management API is below /api of this address", url)
    if (publishUrl) {
      const [scheme, host] = [0, 2].map((part) => Fn.select(part, Fn.split('/', publishUrl.url)))
      output('PublishUrl', 'Publishes are taken below /api of this address as well', `${scheme}//${host}`)
    }
    if (amqp) output('AmqpUrl', 'AMQP 0-9-1 is spoken at this address', amqp.url)
    if (administrator) {
      output(
        'AdministratorCommand',
        'Shows the name and the first password of the administrator',
        `aws secretsmanager get-secret-value --region ${this.region} --secret-id ${administrator.secretArn} --query SecretString --output text`,
      )
    }
    output('NamePrefix', 'What the names of all SQS queues of this broker begin with', names.namePrefix)
    const kept = 'Kept when the stack is deleted'
    const isKept = removalPolicy === RemovalPolicy.RETAIN
    output('TopologyTable', isKept ? `The journals. ${kept}` : 'The journals', table.tableName)
    output('MessagesTable', isKept ? `Messages that wait. ${kept}` : 'Messages that wait', messages.tableName)
    output('BlobsBucket', isKept ? `Large payloads. ${kept}` : 'Large payloads', blobs.bucketName)
  }
}
