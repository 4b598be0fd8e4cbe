import { Validations } from 'aws-cdk-lib'
import {
  GatewayVpcEndpointAwsService,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'
import type { AmqpSettings } from './amqp-props.ts'

/** Where tasks and load balancer are. */
export interface AmqpNetwork {
  readonly vpc: IVpc
  readonly taskSubnets: SubnetSelection
  /** Tasks in public subnets reach AWS by addresses of their own. */
  readonly assignPublicIp: boolean
  readonly balancerSubnets: SubnetSelection
}

const PUBLIC: SubnetSelection = { subnetType: SubnetType.PUBLIC }

export function amqpNetwork(scope: Construct, settings: AmqpSettings): AmqpNetwork {
  const vpc = settings.vpc ?? newVpc(scope)
  const hasWayOut = vpc.privateSubnets.length > 0
  const taskSubnets = settings.taskSubnets ?? (hasWayOut ? { subnetType: SubnetType.PRIVATE_WITH_EGRESS } : PUBLIC)
  return {
    vpc,
    taskSubnets,
    assignPublicIp: vpc.selectSubnets(taskSubnets).hasPublic,
    balancerSubnets: settings.internal ? taskSubnets : PUBLIC,
  }
}

/**
 * The cheapest that works: an address of its own costs a task a tenth of what a NAT gateway costs, and endpoints for SQS, ECR
 * and logs still more (docs/cost.md). Those for DynamoDB and S3 are free.
 */
function newVpc(scope: Construct): IVpc {
  const vpc = new Vpc(scope, 'Vpc', {
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
    restrictDefaultSecurityGroup: false,
    gatewayEndpoints: {
      DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      S3: { service: GatewayVpcEndpointAwsService.S3 },
    },
  })
  Validations.of(vpc).acknowledge({
    id: 'AwsSolutions-VPC7',
    reason: 'Flow logs cost by the GB; who wants them adds them to a VPC of their own.',
  })
  return vpc as IVpc
}

/** What the load balancer lets in, and nothing that it does not send on. */
export function balancerGroup(
  scope: Construct,
  { vpc }: AmqpNetwork,
  { internal, allowFrom }: AmqpSettings,
  port: number,
): SecurityGroup {
  const group = new SecurityGroup(scope, 'BalancerGroup', {
    vpc,
    description: 'Who may connect to the AMQP gateways of a Leveret broker',
    allowAllOutbound: false,
  })
  const peers = allowFrom ?? [internal ? Peer.ipv4(vpc.vpcCidrBlock) : Peer.anyIpv4()]
  for (const peer of peers) group.addIngressRule(peer, Port.tcp(port), 'AMQP')
  Validations.of(group).acknowledge({
    id: 'AwsSolutions-EC23',
    reason: 'Unless told otherwise a gateway is as public as the API: who connects has to log in.',
  })
  return group
}

const HTTPS = Port.tcp(443)

/** AWS is all that a task calls; names are resolved past security groups. */
export function taskGroup(
  scope: Construct,
  { vpc }: AmqpNetwork,
  balancer: SecurityGroup,
  port: number,
): SecurityGroup {
  const group = new SecurityGroup(scope, 'TaskGroup', {
    vpc,
    description: 'The AMQP gateways of a Leveret broker',
    allowAllOutbound: false,
  })
  group.addEgressRule(Peer.anyIpv4(), HTTPS, 'AWS')
  group.addIngressRule(balancer, Port.tcp(port), 'from the load balancer')
  balancer.addEgressRule(group, Port.tcp(port), 'to the gateways')
  return group
}
