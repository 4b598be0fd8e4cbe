import { Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Connections, IConnectable, IVpc } from 'aws-cdk-lib/aws-ec2'
import {
  AwsLogDriverMode,
  Cluster,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs'
import {
  type NetworkListener,
  NetworkLoadBalancer,
  type NetworkTargetGroup,
  Protocol,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import { AMQP_PORT, AMQPS_PORT } from '../lib/config.ts'
import { acknowledgeWildcards } from './acknowledge-wildcards.ts'
import { amqpNetwork, balancerGroup, taskGroup } from './amqp-network.ts'
import type { AmqpSettings } from './amqp-props.ts'
import { policyOf } from './broker-function.ts'
import { gatewayImage } from './gateway-image.ts'
import type { Grant } from './grant.ts'

export interface AmqpGatewayProps extends AmqpSettings {
  readonly environment: Readonly<Record<string, string>>
  /** Beside writing its log. */
  readonly grants: readonly Grant[]
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

/** Asks as the load balancer does, in whatever image has Node. */
const IS_LISTENING = `require('node:net').connect(${AMQP_PORT}, '127.0.0.1').once('connect', () => process.exit(0)).once('error', () => process.exit(1))`

/** Gateways give back what their clients hold, tell them (320), and let them read it. Fargate waits for two minutes at most. */
const STOP_TIMEOUT = Duration.seconds(60)
/** New connections go elsewhere meanwhile; those that are there end with their gateway. */
const DEREGISTRATION_DELAY = Duration.seconds(30)
const STARTING = Duration.seconds(60)

/** The gateways of a broker: they speak AMQP 0-9-1 and keep nothing, so each may go at any time. */
export class AmqpGateway extends Construct implements IConnectable {
  /** Without a path: `amqps://HOST:5671`. */
  readonly url: string
  readonly loadBalancer: NetworkLoadBalancer
  readonly service: FargateService
  readonly taskRole: Role
  /** How many there should be. */
  readonly tasks: number
  /** Who may connect: those of the load balancer. */
  readonly connections: Connections
  readonly #targets: NetworkTargetGroup

  constructor(scope: Construct, id: string, props: AmqpGatewayProps) {
    super(scope, id)
    const { certificate, internal, tasks } = props
    this.tasks = tasks
    const [scheme, port] = certificate ? ['amqps', AMQPS_PORT] : ['amqp', AMQP_PORT]
    const network = amqpNetwork(this, props)
    const balancer = balancerGroup(this, network, props, port)
    this.taskRole = taskRole(this, props.grants)
    this.service = new FargateService(this, 'Service', {
      cluster: cluster(this, network.vpc),
      taskDefinition: taskDefinition(this, this.taskRole, props),
      vpcSubnets: network.taskSubnets,
      assignPublicIp: network.assignPublicIp,
      securityGroups: [taskGroup(this, network, balancer, AMQP_PORT)],
      desiredCount: tasks,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriod: STARTING,
    })
    this.loadBalancer = new NetworkLoadBalancer(this, 'LoadBalancer', {
      vpc: network.vpc,
      vpcSubnets: network.balancerSubnets,
      internetFacing: !internal,
      securityGroups: [balancer],
      // While tasks are replaced a zone may have none.
      crossZoneEnabled: true,
    })
    this.connections = this.loadBalancer.connections
    Validations.of(this.loadBalancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: 'A network load balancer logs connections, which gateways list while they last; the log costs by the GB.',
    })
    const listener = this.loadBalancer.addListener('Listener', {
      port,
      ...(certificate
        ? { protocol: Protocol.TLS, certificates: [certificate], sslPolicy: SslPolicy.RECOMMENDED_TLS }
        : { protocol: Protocol.TCP }),
    })
    this.#targets = addTargets(listener, this.service)
    this.url = `${scheme}://${hostOf(this, this.loadBalancer, props)}:${port}`
  }

  /** How many gateways take connections. */
  metricHealthyTasks(period: Duration): IMetric {
    return this.#targets.metrics.healthyHostCount({ period, statistic: 'Minimum' })
  }
}

function cluster(scope: Construct, vpc: IVpc): ICluster {
  const made = new Cluster(scope, 'Cluster', { vpc })
  Validations.of(made).acknowledge({
    id: 'AwsSolutions-ECS4',
    reason: 'Container Insights are some dollars a month for metrics that no alarm here looks at.',
  })
  return made as ICluster
}

function taskRole(scope: Construct, grants: readonly Grant[]): Role {
  const role = new Role(scope, 'TaskRole', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: 'Leveret, AMQP gateway',
    inlinePolicies: { broker: policyOf(grants) },
  })
  acknowledgeWildcards(role, grants)
  return role
}

function taskDefinition(
  scope: Construct,
  role: Role,
  { cpu, memoryMb, image, environment, logRetention, removalPolicy }: AmqpGatewayProps,
): FargateTaskDefinition {
  const definition = new FargateTaskDefinition(scope, 'Task', {
    cpu,
    memoryLimitMiB: memoryMb,
    taskRole: role,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
  })
  addContainer(definition, {
    image: image ?? gatewayImage(scope),
    environment: { ...environment, AWS_REGION: Stack.of(scope).region },
    logGroup: new LogGroup(scope, 'Log', { retention: logRetention, removalPolicy }),
  })
  Validations.of(definition).acknowledge({
    id: 'AwsSolutions-ECS2',
    reason: 'The environment names tables, queues and a bucket; no secret is in it.',
  })
  Validations.of(definition.obtainExecutionRole()).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'ECR gives its token for no resource in particular.',
  })
  return definition
}

function addContainer(
  definition: FargateTaskDefinition,
  parts: { readonly image: ContainerImage; readonly environment: Record<string, string>; readonly logGroup: LogGroup },
): void {
  const { image, environment, logGroup } = parts
  const container = definition.addContainer('Gateway', {
    image,
    environment,
    // A log that cannot be written must not hold up messages.
    logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'gateway', mode: AwsLogDriverMode.NON_BLOCKING }),
    portMappings: [{ containerPort: AMQP_PORT }],
    readonlyRootFilesystem: true,
    stopTimeout: STOP_TIMEOUT,
    healthCheck: { command: ['CMD', 'node', '-e', IS_LISTENING], startPeriod: STARTING },
  })
  // A connection is a file.
  container.addUlimits({ name: UlimitName.NOFILE, softLimit: 65_535, hardLimit: 65_535 })
}

const addTargets = (listener: NetworkListener, service: FargateService): NetworkTargetGroup =>
  listener.addTargets('Gateways', {
    port: AMQP_PORT,
    protocol: Protocol.TCP,
    targets: [service],
    deregistrationDelay: DEREGISTRATION_DELAY,
    healthCheck: {
      protocol: Protocol.TCP,
      interval: Duration.seconds(10),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 2,
    },
  })

/** The name that clients connect to, with its record where there is a zone for it. */
function hostOf(scope: Construct, loadBalancer: NetworkLoadBalancer, { domainName, hostedZone }: AmqpSettings): string {
  if (domainName === undefined) return loadBalancer.loadBalancerDnsName
  if (hostedZone !== undefined) {
    const target = RecordTarget.fromAlias(new LoadBalancerTarget(loadBalancer))
    new ARecord(scope, 'Alias', { zone: hostedZone, recordName: domainName, target })
  }
  return domainName
}
