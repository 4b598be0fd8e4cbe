import { Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Key } from 'aws-cdk-lib/aws-kms'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { describe, expect, test } from 'vitest'
import { Leveret } from '../../cdk/leveret.ts'
import type { LeveretProps } from '../../cdk/props.ts'
import { roleStatements, stackId } from './policies.ts'
import { newApp, resourcesOf, synthesise } from './synthesised.ts'

const WORLD = { stackId: stackId('11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }
const ADMINISTRATOR = 'arn:aws:iam::123456789012:role/admins'

const propertiesIn = (template: Template, type: string) =>
  Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties)

/** Of a broker whose props need something in its stack. */
function synthesiseWith(propsOf: (stack: Stack) => LeveretProps): { template: Template; broker: Leveret } {
  const stack = new Stack(newApp(), 'Leveret')
  const broker = new Leveret(stack, 'Broker', propsOf(stack))
  return { broker, template: Template.fromStack(stack) }
}

describe('a key of the account', () => {
  const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-4222-8333-444455556666'
  const { template } = synthesiseWith((stack) => ({ encryptionKey: Key.fromKeyArn(stack, 'Key', KEY) }))

  test('encrypts all that is kept: tables, objects, messages and the password', () => {
    for (const table of propertiesIn(template, 'AWS::DynamoDB::GlobalTable')) {
      expect(table).toMatchObject({ SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } })
      expect(table.Replicas).toMatchObject([{ SSESpecification: { KMSMasterKeyId: KEY } }])
    }
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY } },
        ],
      },
    })
    const queues = propertiesIn(template, 'AWS::SQS::Queue')
    expect(queues.length).toBeGreaterThan(1)
    for (const queue of queues) {
      expect(queue.KmsMasterKeyId).toBe(KEY)
      expect(queue).not.toHaveProperty('SqsManagedSseEnabled')
    }
    template.hasResourceProperties('AWS::SecretsManager::Secret', { KmsKeyId: KEY })
  })

  test('is told to the functions, which give it to the SQS queues that they make', () => {
    for (const { Environment } of propertiesIn(template, 'AWS::Lambda::Function')) {
      expect(Environment).toMatchObject({ Variables: { LEVERET_ENCRYPTION_KEY_ARN: KEY } })
    }
  })

  test('may be used by each function for what it does, and for nothing else', () => {
    const keyActions = new Map(
      [...roleStatements(template, WORLD)].map(([name, statements]) => [
        name,
        statements.filter(({ Resource }) => Resource.includes(KEY)).flatMap(({ Action }) => Action),
      ]),
    )
    const toSend = ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey']
    expect(keyActions.get('publish')).toEqual(expect.arrayContaining(toSend))
    for (const [name, actions] of keyActions) {
      expect(actions, name).toContain('kms:Decrypt')
      expect(actions.filter((action) => action.includes('*') || !action.startsWith('kms:'))).toEqual([])
    }
    expect(keyActions.size).toBeGreaterThan(5)
  })

  test('is a key of AWS where there is none', () => {
    for (const statements of roleStatements(synthesise(), WORLD).values()) {
      expect(statements.flatMap(({ Action }) => Action).filter((action) => action.startsWith('kms:'))).toEqual([])
    }
  })
})

describe('the function URL of publish', () => {
  test('lets anybody ask, by the URL alone, and is not there before the broker is set up', () => {
    const template = synthesise({ publishUrl: true })
    template.resourceCountIs('AWS::Lambda::Url', 1)
    template.hasResourceProperties('AWS::Lambda::Url', {
      AuthType: 'NONE',
      TargetFunctionArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Publish'), 'Arn'] },
    })
    const open = propertiesIn(template, 'AWS::Lambda::Permission').filter(({ Principal }) => Principal === '*')
    expect(
      open.map(({ Action, FunctionUrlAuthType, InvokedViaFunctionUrl }) => [
        Action,
        FunctionUrlAuthType ?? InvokedViaFunctionUrl,
      ]),
    ).toEqual([
      ['lambda:InvokeFunctionUrl', 'NONE'],
      ['lambda:InvokeFunction', true],
    ])
    const [url] = Object.values(resourcesOf(template, 'AWS::Lambda::Url'))
    expect(url?.DependsOn).toEqual(Object.keys(resourcesOf(template, 'Custom::LeveretBootstrap')))
    expect(JSON.stringify(template.findOutputs('PublishUrl'))).toContain('FunctionUrl')
  })

  test('is not there unless somebody asks for it', () => {
    expect(Object.keys(synthesise().findOutputs('PublishUrl'))).toEqual([])
    synthesise().resourceCountIs('AWS::Lambda::Url', 0)
  })
})

describe('tokens', () => {
  const issuer = { issuer: 'https://issuer/', audience: 'rabbitmq' }

  test.each([
    [{ jwksUri: 'https://issuer/keys' }, { LEVERET_JWT_JWKS_URI: 'https://issuer/keys' }],
    [{ jwks: '{"keys":[{}]}' }, { LEVERET_JWT_JWKS: '{"keys":[{}]}' }],
  ])('are what every function is told of, beside names and passwords: %j', (keys, variables) => {
    const template = synthesise({ auth: { type: 'basic', tokens: { ...issuer, ...keys } } })
    const expected = { LEVERET_JWT_ISSUER: issuer.issuer, LEVERET_JWT_AUDIENCE: issuer.audience, ...variables }
    for (const { Environment } of propertiesIn(template, 'AWS::Lambda::Function')) {
      const { Variables } = Environment as { Variables: Record<string, string> }
      expect(Variables).toMatchObject({ LEVERET_AUTH: 'basic', ...expected })
    }
    template.resourceCountIs('AWS::SecretsManager::Secret', 1)
  })

  test('that nobody issues are in no configuration', () => {
    expect(JSON.stringify(synthesise().toJSON())).not.toContain('LEVERET_JWT')
  })
})

describe('authentication by IAM', () => {
  const template = synthesise({ auth: { type: 'iam', administrators: [ADMINISTRATOR] }, publishUrl: true })

  test('is asked of every request but those for life and for the description', () => {
    const methods = propertiesIn(template, 'AWS::ApiGateway::Method')
    const open = methods.filter(({ AuthorizationType }) => AuthorizationType !== 'AWS_IAM')
    const parts = resourcesOf(template, 'AWS::ApiGateway::Resource')
    const openParts = open.map(({ HttpMethod, ResourceId }) => {
      const { Ref: id } = ResourceId as { Ref: string }
      return `${HttpMethod} ${parts[id]?.Properties.PathPart}`
    })
    expect(openParts.sort()).toEqual(['GET healthz', 'GET openapi.json'])
    template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM' })
    const anybody = propertiesIn(template, 'AWS::Lambda::Permission').filter(({ Principal }) => Principal === '*')
    expect(anybody).toEqual([])
  })

  test('is the only way that functions are told of, and there is no password', () => {
    template.resourceCountIs('AWS::SecretsManager::Secret', 0)
    for (const { Handler, Environment } of propertiesIn(template, 'AWS::Lambda::Function')) {
      const { Variables } = Environment as { Variables: Record<string, string> }
      expect(Variables.LEVERET_AUTH).toBe('iam')
      expect(Variables.LEVERET_ADMINISTRATOR_SECRET).toBeUndefined()
      const makesThem = Handler === 'manage.handler' || Handler === 'bootstrap.handler'
      expect(Variables.LEVERET_ADMINISTRATORS).toBe(makesThem ? ADMINISTRATOR : undefined)
    }
    const actions = [...roleStatements(template, WORLD).values()].flat().flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.startsWith('secretsmanager:'))).toEqual([])
    expect(Object.keys(template.findOutputs('AdministratorCommand'))).toEqual([])
  })

  test('has the deployment make the administrators, also when the list changes', () => {
    template.hasResourceProperties('Custom::LeveretBootstrap', { Administrators: [ADMINISTRATOR] })
  })

  test('refuses what is not signed, or badly, as RabbitMQ refuses a login', () => {
    const refused = propertiesIn(template, 'AWS::ApiGateway::GatewayResponse').filter(
      ({ StatusCode }) => StatusCode === '401',
    )
    expect(refused.map(({ ResponseType }) => ResponseType).sort()).toEqual([
      'ACCESS_DENIED',
      'EXPIRED_TOKEN',
      'INVALID_SIGNATURE',
      'MISSING_AUTHENTICATION_TOKEN',
    ])
    for (const { ResponseTemplates } of refused) {
      expect(JSON.stringify(ResponseTemplates)).toContain('not_authorized')
    }
  })
})

describe('a domain', () => {
  const domainName = 'broker.example.org'
  const withDomain = (more: object) =>
    synthesiseWith((stack) => ({
      domain: {
        domainName,
        certificate: Certificate.fromCertificateArn(
          stack,
          'Certificate',
          'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-1111-4222-8333-444455556666',
        ),
        hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
          hostedZoneId: 'Z0123456789',
          zoneName: 'example.org',
        }),
        ...more,
      },
    }))

  test('is the only name of the API, speaks TLS 1.2 or newer, and has its alias', () => {
    const { template, broker } = withDomain({})
    template.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: domainName,
      SecurityPolicy: 'TLS_1_2',
      EndpointConfiguration: { Types: ['REGIONAL'] },
    })
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true })
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: `${domainName}.`, Type: 'A' })
    expect(broker.url).toBe(`https://${domainName}`)
  })

  test('may serve under a base path, and without a zone leaves the record to its owner', () => {
    const { template, broker } = withDomain({ basePath: 'mq', hostedZone: undefined })
    template.hasResourceProperties('AWS::ApiGateway::BasePathMapping', { BasePath: 'mq' })
    template.resourceCountIs('AWS::Route53::RecordSet', 0)
    expect(broker.url).toBe(`https://${domainName}/mq`)
  })
})

describe('a private endpoint', () => {
  const inVpc = (props: LeveretProps = {}) =>
    synthesiseWith((stack) => ({ privateEndpoint: { vpc: new Vpc(stack, 'Vpc') as IVpc }, ...props }))
  const policyOf = (template: Template) => {
    const [api] = propertiesIn(template, 'AWS::ApiGateway::RestApi') as { Policy: { Statement: object[] } }[]
    return api?.Policy.Statement ?? []
  }

  test('is the one way to the API', () => {
    const { template, broker } = inVpc()
    const [endpointId] = Object.keys(resourcesOf(template, 'AWS::EC2::VPCEndpoint'))
    template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: [{ Ref: endpointId }] },
    })
    expect(policyOf(template)).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Principal: { AWS: '*' }, Resource: 'execute-api:/*' },
      {
        Action: 'execute-api:Invoke',
        Condition: { StringNotEquals: { 'aws:SourceVpce': { Ref: endpointId } } },
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Resource: 'execute-api:/*',
      },
    ])
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { PrivateDnsEnabled: false })
    expect(JSON.stringify(Stack.of(broker).resolve(broker.url))).toMatch(/Endpoint.*\.execute-api\./)
  })

  test('with IAM leaves it to the policies of the account’s principals who may call', () => {
    const { template } = inVpc({ auth: { type: 'iam', administrators: [ADMINISTRATOR] } })
    const [allowed] = policyOf(template)
    expect(JSON.stringify(allowed)).toContain(':root')
  })
})

describe('warm environments', () => {
  const template = synthesise({ provisionedConcurrency: 3, publishUrl: true })
  const [aliasId = ''] = Object.keys(resourcesOf(template, 'AWS::Lambda::Alias'))

  test('are of the newest version of publish', () => {
    template.hasResourceProperties('AWS::Lambda::Alias', {
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 },
      FunctionVersion: { 'Fn::GetAtt': [Match.stringLikeRegexp('PublishFunctionCurrentVersion'), 'Version'] },
    })
  })

  test('serve the API and the URL, which may both invoke them', () => {
    const publishing = propertiesIn(template, 'AWS::ApiGateway::Method').filter(({ Integration }) =>
      JSON.stringify(Integration).includes(aliasId),
    )
    expect(publishing.map(({ HttpMethod }) => HttpMethod)).toEqual(['POST'])
    template.hasResourceProperties('AWS::Lambda::Url', { Qualifier: 'warm' })
    const onAlias = propertiesIn(template, 'AWS::Lambda::Permission').filter(({ FunctionName }) =>
      JSON.stringify(FunctionName).includes(aliasId),
    )
    expect(onAlias.map(({ Principal }) => Principal).sort()).toEqual(['*', '*', 'apigateway.amazonaws.com'])
  })
})

test('tags are on all that the stack makes and that can have tags', () => {
  const tagged = synthesise({ tags: { team: 'orders' } })
  const pair = { Key: 'team', Value: 'orders' }
  const types = [
    'AWS::S3::Bucket',
    'AWS::SQS::Queue',
    'AWS::Lambda::Function',
    'AWS::IAM::Role',
    'AWS::Logs::LogGroup',
    'AWS::SecretsManager::Secret',
    'AWS::ApiGateway::RestApi',
    'AWS::CloudWatch::Alarm',
  ]
  for (const type of types) {
    for (const { Tags } of propertiesIn(tagged, type)) expect(Tags, type).toContainEqual(pair)
  }
  for (const { Replicas } of propertiesIn(tagged, 'AWS::DynamoDB::GlobalTable')) {
    expect(JSON.stringify(Replicas)).toContain('"team"')
  }
})
