import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { resourcesOf, synthesise } from './synthesised.ts'

const template = synthesise()
const propertiesOf = (type: string) => Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties)

describe('the API', () => {
  test('is regional, and takes bodies as they are', () => {
    const [api] = propertiesOf('AWS::ApiGateway::RestApi')
    expect(api?.EndpointConfiguration).toEqual({ Types: ['REGIONAL'] })
    expect(api).not.toHaveProperty('BinaryMediaTypes')
  })

  test('sends publishes and gets to functions of their own, and every other path and method to manage', () => {
    const paths = pathsById()
    const routes = propertiesOf('AWS::ApiGateway::Method').map(({ HttpMethod, ResourceId, Integration }) => {
      const target = JSON.stringify(Integration).match(/Broker(\w+?)Function/)?.[1]
      return `${HttpMethod} ${paths.get(JSON.stringify(ResourceId))} ${target}`
    })
    expect(routes.sort()).toEqual([
      'ANY / Manage',
      'ANY /api Manage',
      'ANY /api/exchanges Manage',
      'ANY /api/exchanges/{proxy+} Manage',
      'ANY /api/queues Manage',
      'ANY /api/queues/{proxy+} Manage',
      'ANY /api/{proxy+} Manage',
      'ANY /{proxy+} Manage',
      'POST /api/exchanges/{proxy+} Publish',
      'POST /api/queues/{proxy+} Consume',
    ])
  })

  test('answers in the form of RabbitMQ where no function does', () => {
    const answers = propertiesOf('AWS::ApiGateway::GatewayResponse')
    expect(answers.map(({ ResponseType, StatusCode }) => [ResponseType, StatusCode]).sort()).toEqual([
      ['DEFAULT_4XX', undefined],
      ['DEFAULT_5XX', undefined],
      ['INTEGRATION_FAILURE', '504'],
      ['INTEGRATION_TIMEOUT', '504'],
      ['MISSING_AUTHENTICATION_TOKEN', '404'],
      ['QUOTA_EXCEEDED', '429'],
      ['REQUEST_TOO_LARGE', '413'],
      ['RESOURCE_NOT_FOUND', '404'],
      ['THROTTLED', '429'],
      ['UNAUTHORIZED', '401'],
    ])
    for (const { ResponseTemplates } of answers) {
      const text = (ResponseTemplates as Record<string, string>)['application/json'] ?? ''
      const body = JSON.parse(text.replace('$context.error.messageString', '"its own words"')) as object
      expect(Object.keys(body)).toEqual(['error', 'reason'])
    }
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'UNAUTHORIZED',
      ResponseParameters: { 'gatewayresponse.header.WWW-Authenticate': `'Basic realm="RabbitMQ Management"'` },
    })
    template.resourcePropertiesCountIs(
      'AWS::ApiGateway::GatewayResponse',
      { StatusCode: '429', ResponseParameters: { 'gatewayresponse.header.Retry-After': "'1'" } },
      2,
    )
  })

  test('does not serve before the broker is set up, nor while its queues are deleted', () => {
    const [setUpId] = Object.keys(resourcesOf(template, 'Custom::LeveretBootstrap'))
    const [stage] = Object.values(resourcesOf(template, 'AWS::ApiGateway::Stage'))
    expect(stage?.DependsOn).toContain(setUpId)
  })

  test('is throttled, and logs, where a prop says so', () => {
    const strict = synthesise({ throttle: { rateLimit: 50, burstLimit: 100 }, accessLogs: true })
    strict.hasResourceProperties('AWS::ApiGateway::Stage', {
      AccessLogSetting: { DestinationArn: Match.anyValue() },
      MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 })],
    })
    expect(Object.keys(resourcesOf(template, 'AWS::ApiGateway::Account'))).toEqual([])
    expect(Object.keys(resourcesOf(strict, 'AWS::ApiGateway::Account'))).toHaveLength(1)
  })
})

/** Paths by the reference to their resource. */
function pathsById(): ReadonlyMap<string, string> {
  const [apiId = ''] = Object.keys(resourcesOf(template, 'AWS::ApiGateway::RestApi'))
  const parts = resourcesOf(template, 'AWS::ApiGateway::Resource')
  const root = JSON.stringify({ 'Fn::GetAtt': [apiId, 'RootResourceId'] })
  const pathOf = (reference: string): string => {
    if (reference === root) return '/'
    const { Ref: id } = JSON.parse(reference) as { Ref: string }
    const { ParentId, PathPart } = parts[id]?.Properties ?? {}
    return `${pathOf(JSON.stringify(ParentId))}/${PathPart}`.replace('//', '/')
  }
  const references = Object.keys(parts).map((id) => JSON.stringify({ Ref: id }))
  return new Map([root, ...references].map((reference) => [reference, pathOf(reference)]))
}
