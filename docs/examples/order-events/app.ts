import { App, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { Runtime } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { Leveret } from 'leveret'

/** Orders are placed, paid and cancelled; three parties want to know, each of something else. */
class OrderEvents extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const broker = new Leveret(this, 'Broker')
    const events = broker.addExchange('order-events', { type: 'topic' })

    // A Lambda function is called with what it is to invoice. SQS hides a batch for six times what the function may take.
    const invoicing = new NodejsFunction(this, 'Invoicing', {
      entry: `${import.meta.dirname}/invoicing.ts`,
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(10),
    })
    const invoices = broker
      .addQueue('invoices', { sqsQueueProps: { visibilityTimeout: Duration.seconds(60) } })
      .bindTo(events, { routingKey: 'order.paid' })
    invoices.grantConsume(invoicing)
    invoicing.addEventSource(new SqsEventSource(invoices.sqsQueue, { reportBatchItemFailures: true }))

    // A worker somewhere else takes shipments out of SQS by itself, those of one customer in their order.
    const shipments = broker
      .addQueue('shipments', { fifoGroup: 'header:customer' })
      .bindTo(events, { routingKey: 'order.paid' })
      .bindTo(events, { routingKey: 'order.cancelled' })

    // People look at everything, through the broker's API.
    const audit = broker.addQueue('audit').bindTo(events, { routingKey: 'order.#' })

    const shop = broker.addUser('shop')
    events.grantPublish(shop)
    audit.grantGet(shop)

    new CfnOutput(this, 'Url', { value: broker.url })
    new CfnOutput(this, 'ShopSecret', { value: shop.secret.secretArn })
    new CfnOutput(this, 'ShipmentsQueueUrl', { value: shipments.sqsQueue.queueUrl })
  }
}

new OrderEvents(new App(), 'OrderEvents')
