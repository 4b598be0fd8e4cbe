import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2'
import { Key } from 'aws-cdk-lib/aws-kms'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { AMQP_KEYS, readAmqp } from './amqp-context.ts'
import {
  PREFIX,
  RETENTIONS,
  type ReadSetting,
  toArnOf,
  toAuthType,
  toBoolean,
  toJsonText,
  toNumber,
  toRemovalPolicy,
  toRetention,
  toTags,
  toText,
  toThrottle,
  toVpcEndpointId,
  toWords,
  toZone,
  withoutAbsent,
} from './context-values.ts'
import type { ExistingData } from './existing.ts'
import type { Auth, Domain, LeveretProps, TokenIssuer } from './props.ts'
import { refusal } from './refusal.ts'

/** What `cdk deploy -c NAME=VALUE` can say; the values of the command line are all text, those of cdk.json may be JSON. */
const KEYS = [
  'name',
  'removalPolicy',
  'leaseMs',
  'logRetentionDays',
  'throttle',
  'accessLogs',
  'alarmTopicArn',
  'auth',
  'administrators',
  'jwtIssuer',
  'jwtAudience',
  'jwtJwksUri',
  'jwtJwks',
  'encryptionKeyArn',
  'publishUrl',
  'domainName',
  'domainCertificateArn',
  'domainHostedZone',
  'domainBasePath',
  'vpcEndpointId',
  'provisionedConcurrency',
  'tags',
  'existingTable',
  'existingMessagesTable',
  'existingBucket',
  'existingNamePrefix',
  ...AMQP_KEYS,
] as const
type Setting = (typeof KEYS)[number]

/**
 * The props of the app's broker, from the context `leveret:name`, `leveret:leaseMs` and so on. Throws an Error that names
 * the context and what to write.
 */
export function propsFromContext(scope: Construct): LeveretProps {
  assertKnown(scope)
  const read = reader(scope)
  const alarmTopicArn = read('alarmTopicArn', toText, 'write the ARN of an SNS topic')
  const keyArn = read('encryptionKeyArn', toArnOf('kms'), 'write the ARN of a KMS key')
  const vpcEndpointId = read('vpcEndpointId', toVpcEndpointId, 'write the id of a VPC endpoint, vpce-…')
  return withoutAbsent({
    name: read('name', toText, 'write a name'),
    removalPolicy: read('removalPolicy', toRemovalPolicy, 'write retain or destroy'),
    leaseMs: read('leaseMs', toNumber, 'write a number of milliseconds'),
    logRetention: read('logRetentionDays', toRetention, `write one of ${RETENTIONS.join(', ')}`),
    throttle: read(
      'throttle',
      toThrottle,
      'write RATE/BURST, requests a second and requests at once, such as 500/1000',
    ),
    accessLogs: read('accessLogs', toBoolean, 'write true or false'),
    alarmTopic: alarmTopicArn === undefined ? undefined : Topic.fromTopicArn(scope, 'AlarmTopic', alarmTopicArn),
    auth: readAuth(read),
    encryptionKey: keyArn === undefined ? undefined : Key.fromKeyArn(scope, 'EncryptionKey', keyArn),
    publishUrl: read('publishUrl', toBoolean, 'write true or false'),
    domain: readDomain(scope, read),
    privateEndpoint: vpcEndpointId === undefined ? undefined : { vpcEndpoint: vpcEndpoint(scope, vpcEndpointId) },
    provisionedConcurrency: read('provisionedConcurrency', toNumber, 'write a number of environments'),
    tags: read('tags', toTags, 'write KEY=VALUE,KEY=VALUE'),
    existing: readExisting(read),
    amqp: readAmqp(scope, read),
  })
}

function readExisting(read: Read): ExistingData | undefined {
  const existing = withoutAbsent({
    tableName: read('existingTable', toText, 'write the name of a table'),
    messagesTableName: read('existingMessagesTable', toText, 'write the name of a table'),
    bucketName: read('existingBucket', toText, 'write the name of a bucket'),
    namePrefix: read('existingNamePrefix', toText, 'write what the names of SQS queues begin with'),
  })
  return Object.keys(existing).length > 0 ? existing : undefined
}

type Read = ReadSetting<Setting>

const reader =
  (scope: Construct): Read =>
  (key, parse, fix) => {
    const value: unknown = scope.node.tryGetContext(PREFIX + key)
    if (value === undefined || value === '') return undefined
    const parsed = parse(value)
    if (parsed !== undefined) return parsed
    throw refusal(PREFIX + key, value, fix)
  }

function readAuth(read: Read): Auth | undefined {
  const type = read('auth', toAuthType, 'write basic or iam')
  const administrators = read('administrators', toWords, 'write ARNs of IAM roles and users with spaces between them')
  const tokens = readTokens(read)
  if (type === 'iam') {
    if (tokens) throw refusal(`${PREFIX}jwtIssuer`, tokens.issuer, `leave it out, or write ${PREFIX}auth=basic`)
    return { type, administrators: administrators ?? [] }
  }
  if (administrators !== undefined) {
    throw refusal(`${PREFIX}administrators`, administrators, `leave it out, or write ${PREFIX}auth=iam`)
  }
  if (tokens) return { type: 'basic', tokens }
  return type && { type }
}

function readTokens(read: Read): TokenIssuer | undefined {
  const issuer = read('jwtIssuer', toText, 'write the claim iss of the tokens')
  const audience = read('jwtAudience', toText, "write RabbitMQ's resource_server_id, such as rabbitmq")
  const jwksUri = read('jwtJwksUri', toText, 'write where the keys are, https://…')
  const jwks = read('jwtJwks', toJsonText, 'write a JSON Web Key Set, {"keys": […]}')
  if ([issuer, audience, jwksUri, jwks].every((value) => value === undefined)) return undefined
  if (issuer === undefined) throw refusal(`${PREFIX}jwtIssuer`, '', 'write the claim iss of the tokens')
  if (audience === undefined) {
    throw refusal(`${PREFIX}jwtAudience`, '', "write RabbitMQ's resource_server_id, such as rabbitmq")
  }
  return { issuer, audience, ...(jwksUri !== undefined && { jwksUri }), ...(jwks !== undefined && { jwks }) }
}

function readDomain(scope: Construct, read: Read): Domain | undefined {
  const domainName = read('domainName', toText, 'write a name such as broker.example.org')
  const arn = read('domainCertificateArn', toArnOf('acm'), 'write the ARN of a certificate of ACM')
  const zone = read('domainHostedZone', toZone, 'write ID/NAME of a hosted zone, such as Z0123456789/example.org')
  const basePath = read('domainBasePath', toText, 'write one segment of a path')
  if ([domainName, arn, zone, basePath].every((value) => value === undefined)) return undefined
  if (domainName === undefined) throw refusal(`${PREFIX}domainName`, '', 'write the name of the domain')
  if (arn === undefined) throw refusal(`${PREFIX}domainCertificateArn`, '', 'write the ARN of a certificate of ACM')
  return {
    domainName,
    certificate: Certificate.fromCertificateArn(scope, 'Certificate', arn),
    ...(zone && { hostedZone: HostedZone.fromHostedZoneAttributes(scope, 'HostedZone', zone) }),
    ...(basePath !== undefined && { basePath }),
  }
}

const HTTPS_PORT = 443

const vpcEndpoint = (scope: Construct, vpcEndpointId: string) =>
  InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(scope, 'VpcEndpoint', { vpcEndpointId, port: HTTPS_PORT })

function assertKnown(scope: Construct): void {
  const names = Object.keys(scope.node.getAllContext()).filter((name) => name.startsWith(PREFIX))
  const unknown = names.find((name) => !KEYS.some((key) => name === PREFIX + key))
  if (unknown === undefined) return
  throw new Error(`Leveret cannot be made: there is no ${unknown}; use ${KEYS.map((key) => PREFIX + key).join(', ')}`)
}
