import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib'
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IVpc, IVpcEndpoint } from 'aws-cdk-lib/aws-ec2'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import { describe, expect, test } from 'vitest'
import { propsFromContext } from '../../cdk/context.ts'
import type { LeveretProps } from '../../cdk/props.ts'
import { toSettings } from '../../cdk/settings.ts'
import { newApp } from './synthesised.ts'

const ROLE = 'arn:aws:iam::123456789012:role/admins'
const PRIVATE = { vpcEndpoint: { vpcEndpointId: 'vpce-0a1b' } as IVpcEndpoint }
const DOMAIN = { domainName: 'broker.example.org', certificate: {} as ICertificate }
const AMQP = { newVpc: true, certificate: {} as ICertificate }
const vpc = (publicCount: number, privateCount: number) =>
  ({ publicSubnets: Array(publicCount).fill({}), privateSubnets: Array(privateCount).fill({}) }) as unknown as IVpc
const zone = (zoneName: string) => ({ zoneName }) as IHostedZone

const TOKENS = { issuer: 'https://issuer/', audience: 'rabbitmq', jwksUri: 'https://issuer/keys' }
const JWKS = '{"keys":[{"kty":"EC","crv":"P-256","kid":"1"}]}'
const INLINE = { issuer: 'https://issuer/', audience: 'rabbitmq', jwks: JWKS }

describe('a prop that cannot be used', () => {
  test.each<[LeveretProps, RegExp]>([
    [{ name: 'no spaces' }, /name is "no spaces"; use 2 to 24 letters/],
    [{ name: '1st' }, /name is "1st"; use/],
    [{ name: 'a-name-of-twenty-five-chars' }, /name is .*; use/],
    [{ name: 'ends-' }, /name is .*; use/],
    [{ leaseMs: -1 }, /leaseMs is -1; use whole milliseconds from 0 to 10000/],
    [{ leaseMs: 10_001 }, /leaseMs is 10001; use/],
    [{ leaseMs: 0.5 }, /leaseMs is 0.5; use/],
    [{ leaseMs: Number.NaN }, /leaseMs is null; use/],
    [{ removalPolicy: RemovalPolicy.SNAPSHOT }, /removalPolicy is "snapshot"; use RemovalPolicy.RETAIN or/],
    [{ throttle: { rateLimit: 0, burstLimit: 1 } }, /throttle.rateLimit is 0; use/],
    [{ existing: { namePrefix: 'leveret' } }, /existing.namePrefix is "leveret"; use the output NamePrefix/],
    [{ throttle: { rateLimit: 1, burstLimit: 1.5 } }, /throttle.burstLimit is 1.5; use/],
    [{ auth: { type: 'jwt' as 'basic' } }, /auth.type is "jwt"; use 'basic' or 'iam'/],
    [{ auth: { type: 'basic', tokens: { ...TOKENS, issuer: '' } } }, /auth.tokens.issuer is ""; use the claim iss/],
    [
      { auth: { type: 'basic', tokens: { ...TOKENS, audience: 'a b' } } },
      /auth.tokens.audience is "a b"; use RabbitMQ's/,
    ],
    [{ auth: { type: 'basic', tokens: { ...TOKENS, jwks: JWKS } } }, /auth.tokens is "both"; give either jwksUri/],
    [
      { auth: { type: 'basic', tokens: { issuer: 'i', audience: 'a' } } },
      /auth.tokens is "neither"; give either jwksUri/,
    ],
    [
      { auth: { type: 'basic', tokens: { ...TOKENS, jwksUri: 'http://issuer/keys' } } },
      /auth.tokens.jwksUri is "http:\/\/issuer\/keys"; use an address that begins with https/,
    ],
    [{ auth: { type: 'basic', tokens: { ...TOKENS, jwksUri: 'issuer' } } }, /auth.tokens.jwksUri is "issuer"; use/],
    [{ auth: { type: 'basic', tokens: { ...INLINE, jwks: '{"keys":[]}' } } }, /auth.tokens.jwks is .*; use a JSON Web/],
    [{ auth: { type: 'basic', tokens: { ...INLINE, jwks: '{' } } }, /auth.tokens.jwks is "{"; use a JSON Web Key Set/],
    [{ auth: { type: 'basic', tokens: { ...INLINE, jwks: ' '.repeat(2001) } } }, /auth.tokens.jwks is 2001; use 2000/],
    [{ auth: { type: 'iam', administrators: [] } }, /auth.administrators is \[\]; name an IAM role or user/],
    [{ auth: { type: 'iam', administrators: [ROLE, 'admin'] } }, /auth.administrators is "admin"; use ARNs/],
    [{ provisionedConcurrency: 0 }, /provisionedConcurrency is 0; use a whole number, 1 or more/],
    [{ provisionedConcurrency: 1.5 }, /provisionedConcurrency is 1.5; use/],
    [{ domain: { ...DOMAIN, domainName: 'Broker.example.org' } }, /domain.domainName is "Broker.example.org"; use/],
    [{ domain: { ...DOMAIN, domainName: 'https://broker.example.org' } }, /domain.domainName is .*; use a whole name/],
    [{ domain: { ...DOMAIN, hostedZone: zone('ample.org') } }, /domain.hostedZone is "ample.org"; use the zone that/],
    [{ domain: { ...DOMAIN, basePath: 'a/b' } }, /domain.basePath is "a\/b"; use one segment/],
    [{ domain: { ...DOMAIN, basePath: 'api' } }, /domain.basePath is "api"; use one segment other than api/],
    [{ privateEndpoint: {} }, /privateEndpoint is "neither"; give either vpcEndpoint, or the vpc/],
    [{ privateEndpoint: { ...PRIVATE, vpc: {} as IVpc } }, /privateEndpoint is "both"; give either/],
    [{ privateEndpoint: PRIVATE, publishUrl: true }, /publishUrl is true; a function URL is public/],
    [{ privateEndpoint: PRIVATE, domain: DOMAIN }, /domain is "broker.example.org"; the name would be public/],
    [{ amqp: {} }, /amqp.vpc is "neither"; give either the vpc .* or newVpc: true/],
    [{ amqp: { ...AMQP, vpc: vpc(2, 2) } }, /amqp.vpc is "both"; give either/],
    [{ amqp: { ...AMQP, taskSubnets: {} } }, /amqp.taskSubnets is "given"; a new VPC/],
    [{ amqp: { ...AMQP, newVpc: false, vpc: vpc(0, 0) } }, /amqp.taskSubnets is "absent"; the VPC has only isolated/],
    [{ amqp: { newVpc: true } }, /amqp.certificate is "absent"; give a certificate of ACM/],
    [{ amqp: { ...AMQP, withoutTls: true } }, /amqp.withoutTls is true; there is a certificate/],
    [{ amqp: { newVpc: true, withoutTls: true } }, /amqp.withoutTls is true; passwords would cross the internet/],
    [{ amqp: AMQP, privateEndpoint: PRIVATE }, /amqp.internal is "absent"; the API is private/],
    [{ amqp: { ...AMQP, domainName: 'amqp' } }, /amqp.domainName is "amqp"; use a whole name/],
    [{ amqp: { ...AMQP, hostedZone: zone('example.org') } }, /amqp.domainName is "absent"; name what/],
    [{ amqp: { ...AMQP, allowFrom: [] } }, /amqp.allowFrom is \[\]; name who may connect/],
    [{ amqp: { ...AMQP, tasks: 0 } }, /amqp.tasks is 0; use a whole number from 1 to 100/],
    [{ amqp: { ...AMQP, cpu: 300 } }, /amqp.cpu is 300; use one of 256, 512, 1024, 2048, 4096/],
    [{ amqp: { ...AMQP, memoryMb: 512 } }, /amqp.memoryMb is 512; with a cpu of 512 use whole GiB from 1024 to 4096/],
    [{ amqp: { ...AMQP, cpu: 256, memoryMb: 4096 } }, /amqp.memoryMb is 4096; with a cpu of 256 use 512, 1024, 2048/],
    [{ tags: { 'aws:cost': 'x' } }, /tags is "aws:cost"; use keys/],
    [{ tags: { '': 'x' } }, /tags is ""; use keys/],
    [{ tags: { team: 'a*b' } }, /tags.team is "a\*b"; use values/],
  ])('is refused with its name and what to write: %j', (props, message) => {
    expect(() => toSettings(props)).toThrow(message)
  })
})

test('props within their bounds are taken', () => {
  const throttle = { rateLimit: 0.5, burstLimit: 1 }
  expect(() => toSettings({ name: 'a2', leaseMs: 0, throttle, removalPolicy: RemovalPolicy.DESTROY })).not.toThrow()
  expect(() => toSettings({ name: 'a-name-of-24-characters1', leaseMs: 10_000 })).not.toThrow()
  expect(() => toSettings({ domain: { ...DOMAIN, hostedZone: zone('example.org'), basePath: 'mq' } })).not.toThrow()
  expect(() => toSettings({ privateEndpoint: PRIVATE, tags: { 'cost center': 'é/1' } })).not.toThrow()
  expect(() => toSettings({ amqp: AMQP })).not.toThrow()
  expect(() => toSettings({ amqp: { vpc: vpc(0, 1), internal: true, withoutTls: true, tasks: 1 } })).not.toThrow()
  expect(() => toSettings({ amqp: { ...AMQP, internal: false }, privateEndpoint: PRIVATE })).not.toThrow()
  for (const tokens of [TOKENS, INLINE]) {
    expect(() => toSettings({ auth: { type: 'basic', tokens } })).not.toThrow()
  }
  const administrators = [Token.asString({ Ref: 'Role' })]
  expect(() => toSettings({ auth: { type: 'iam', administrators }, provisionedConcurrency: 1 })).not.toThrow()
})

const inContext = (context: Record<string, unknown>) => propsFromContext(new Stack(newApp(context), 'Stack'))

describe('the context of the command line', () => {
  test('says the same as props', () => {
    const { alarmTopic, ...props } = inContext({
      'leveret:name': 'orders',
      'leveret:leaseMs': '250',
      'leveret:removalPolicy': 'destroy',
      'leveret:logRetentionDays': '7',
      'leveret:throttle': '500/1000',
      'leveret:accessLogs': 'true',
      'leveret:existingTable': 'restored',
      'leveret:existingNamePrefix': 'leveret-1a2b3c4d',
      'leveret:alarmTopicArn': 'arn:aws:sns:eu-west-1:123456789012:pager',
    })
    expect(props).toEqual({
      name: 'orders',
      leaseMs: 250,
      removalPolicy: RemovalPolicy.DESTROY,
      logRetention: 7,
      throttle: { rateLimit: 500, burstLimit: 1000 },
      accessLogs: true,
      existing: { tableName: 'restored', namePrefix: 'leveret-1a2b3c4d' },
    })
    expect(alarmTopic?.topicArn).toBe('arn:aws:sns:eu-west-1:123456789012:pager')
  })

  test('says what takes more than a word as well', () => {
    const { encryptionKey, domain, privateEndpoint, ...props } = inContext({
      'leveret:encryptionKeyArn': 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d',
      'leveret:auth': 'iam',
      'leveret:administrators': `${ROLE} arn:aws:iam::123456789012:user/ann`,
      'leveret:publishUrl': 'true',
      'leveret:domainName': 'broker.example.org',
      'leveret:domainCertificateArn': 'arn:aws:acm:eu-west-1:123456789012:certificate/c',
      'leveret:domainHostedZone': 'Z0123456789/example.org',
      'leveret:domainBasePath': 'mq',
      'leveret:vpcEndpointId': 'vpce-0a1b2c3d',
      'leveret:provisionedConcurrency': '2',
      'leveret:tags': 'team=orders,stage=prod',
    })
    expect(props).toEqual({
      auth: { type: 'iam', administrators: [ROLE, 'arn:aws:iam::123456789012:user/ann'] },
      publishUrl: true,
      provisionedConcurrency: 2,
      tags: { team: 'orders', stage: 'prod' },
    })
    expect(encryptionKey?.keyArn).toMatch(/key\/0a1b2c3d$/)
    expect(privateEndpoint?.vpcEndpoint?.vpcEndpointId).toBe('vpce-0a1b2c3d')
    expect(domain).toMatchObject({
      domainName: 'broker.example.org',
      basePath: 'mq',
      certificate: { certificateArn: expect.stringMatching(/certificate\/c$/) },
      hostedZone: { hostedZoneId: 'Z0123456789', zoneName: 'example.org' },
    })
  })

  test('says where AMQP is spoken, in a VPC of its own', () => {
    const { amqp: { certificate, allowFrom, ...amqp } = {} } = inContext({
      'leveret:amqpVpcId': 'new',
      'leveret:amqpCertificateArn': 'arn:aws:acm:eu-west-1:123456789012:certificate/c',
      'leveret:amqpAllowFrom': '192.0.2.0/24 198.51.100.7/32',
      'leveret:amqpDomainName': 'amqp.example.org',
      'leveret:amqpTasks': '3',
      'leveret:amqpCpu': '1024',
      'leveret:amqpMemoryMb': 2048,
    })
    expect(amqp).toEqual({ newVpc: true, domainName: 'amqp.example.org', tasks: 3, cpu: 1024, memoryMb: 2048 })
    expect(certificate?.certificateArn).toMatch(/certificate\/c$/)
    expect(allowFrom?.map(({ uniqueId }) => uniqueId)).toEqual(['192.0.2.0/24', '198.51.100.7/32'])
  })

  test('says where AMQP is spoken, in a VPC that is there', () => {
    const { amqp: { vpc: given, hostedZone, ...amqp } = {} } = inContext({
      'leveret:amqpVpcId': 'vpc-0a1b',
      'leveret:amqpSubnetIds': 'subnet-0a subnet-0b',
      'leveret:amqpInternal': 'true',
      'leveret:amqpWithoutTls': 'true',
      'leveret:amqpHostedZone': 'Z0123456789/example.org',
    })
    expect(amqp).toEqual({ internal: true, withoutTls: true })
    expect(given?.vpcId).toBe('vpc-0a1b')
    expect(given?.publicSubnets.map(({ subnetId }) => subnetId)).toEqual(['subnet-0a', 'subnet-0b'])
    expect(hostedZone?.zoneName).toBe('example.org')
  })

  test('names an issuer of tokens, whose keys may be JSON in cdk.json', () => {
    const issuer = { 'leveret:jwtIssuer': 'https://issuer/', 'leveret:jwtAudience': 'rabbitmq' }
    const { jwksUri } = TOKENS
    expect(inContext({ ...issuer, 'leveret:jwtJwksUri': jwksUri })).toEqual({ auth: { type: 'basic', tokens: TOKENS } })
    for (const jwks of [JWKS, JSON.parse(JWKS)]) {
      expect(inContext({ ...issuer, 'leveret:jwtJwks': jwks })).toEqual({ auth: { type: 'basic', tokens: INLINE } })
    }
  })

  test('may leave everything out', () => {
    expect(inContext({})).toEqual({})
  })

  test.each([
    ['leveret:leaseMs', 'soon', /leveret:leaseMs is "soon"; write a number/],
    ['leveret:removalPolicy', 'snapshot', /write retain or destroy/],
    ['leveret:logRetentionDays', '8', /write one of 1, 3, 5, 7/],
    ['leveret:throttle', 'fast', /write RATE\/BURST/],
    ['leveret:accessLogs', 'yes', /write true or false/],
    ['leveret:auth', 'jwt', /leveret:auth is "jwt"; write basic or iam/],
    ['leveret:administrators', ROLE, /leveret:administrators is .*; leave it out, or write leveret:auth=iam/],
    ['leveret:jwtIssuer', 'https://issuer/', /leveret:jwtAudience is ""; write RabbitMQ's resource_server_id/],
    ['leveret:jwtAudience', 'rabbitmq', /leveret:jwtIssuer is ""; write the claim iss/],
    ['leveret:encryptionKeyArn', 'alias/mine', /write the ARN of a KMS key/],
    ['leveret:domainName', 'broker.example.org', /leveret:domainCertificateArn is ""; write the ARN/],
    ['leveret:domainBasePath', 'mq', /leveret:domainName is ""; write the name/],
    ['leveret:vpcEndpointId', 'vpc-0a1b', /write the id of a VPC endpoint/],
    ['leveret:amqpTasks', '2', /leveret:amqpVpcId is ""; write the VPC/],
    ['leveret:amqpVpcId', 'mine', /leveret:amqpVpcId is "mine"; write the id of a VPC, vpc-…, or new/],
    ['leveret:amqpVpcId', 'vpc-0a1b', /leveret:amqpSubnetIds is ""; write two public subnets/],
    ['leveret:amqpSubnetIds', 'a,b', /write ids of subnets/],
    ['leveret:amqpAllowFrom', 'anybody', /write CIDR blocks/],
    ['leveret:tags', 'team', /write KEY=VALUE/],
    ['leveret:lease', '100', /there is no leveret:lease; use leveret:name/],
  ])('is refused with its name and what to write: %s=%s', (name, value, message) => {
    expect(() => inContext({ [name]: value })).toThrow(message)
  })
})
