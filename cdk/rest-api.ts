import { Validations } from 'aws-cdk-lib'
import {
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import type { IVpcEndpoint } from 'aws-cdk-lib/aws-ec2'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { addDomain } from './domain.ts'
import { addGatewayResponses } from './gateway-responses.ts'
import { endpointOf, endpointPolicy, endpointUrl } from './private-endpoint.ts'
import type { Domain } from './props.ts'
import type { Settings } from './settings.ts'

export interface BrokerApiProps
  extends Pick<
    Settings,
    'logRetention' | 'removalPolicy' | 'accessLogs' | 'throttle' | 'auth' | 'domain' | 'privateEndpoint'
  > {
  readonly name: string
  readonly publish: IFunction
  readonly consume: IFunction
  readonly manage: IFunction
}

/**
 * The front: a Regional REST API, which hands paths on as they came, `%2F` included (docs/architecture.md). The two calls that make
 * up the load have functions of their own, small ones.
 */
export class BrokerApi extends Construct {
  readonly api: RestApi
  /** Without a slash at the end. */
  readonly url: string

  constructor(scope: Construct, id: string, props: BrokerApiProps) {
    super(scope, id)
    const { auth, domain, privateEndpoint } = props
    const endpoint = privateEndpoint && endpointOf(this, privateEndpoint)
    this.api = new RestApi(this, 'RestApi', {
      restApiName: props.name,
      description: "RabbitMQ's management HTTP API, served by Leveret",
      ...(endpoint
        ? {
            endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints: [endpoint] },
            policy: endpointPolicy(endpoint, auth),
          }
        : { endpointTypes: [EndpointType.REGIONAL] }),
      // Its own name would accept older TLS than the domain's.
      ...(domain && { disableExecuteApiEndpoint: true }),
      cloudWatchRole: props.accessLogs,
      deployOptions: {
        loggingLevel: MethodLoggingLevel.OFF,
        ...(props.throttle && {
          throttlingRateLimit: props.throttle.rateLimit,
          throttlingBurstLimit: props.throttle.burstLimit,
        }),
        ...(props.accessLogs && this.#accessLog(props)),
      },
    })
    addRoutes(this.api, props)
    addGatewayResponses(this.api, auth)
    acknowledge(this.api, props)
    this.url = urlOf(this, this.api, domain, endpoint)
  }

  #accessLog({ logRetention, removalPolicy }: BrokerApiProps) {
    const logGroup = new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy })
    const accessLogFormat = AccessLogFormat.jsonWithStandardFields({
      caller: false,
      httpMethod: true,
      ip: true,
      protocol: true,
      requestTime: true,
      resourcePath: true,
      responseLength: true,
      status: true,
      user: false,
    })
    return { accessLogDestination: new LogGroupLogDestination(logGroup), accessLogFormat }
  }
}

/**
 * API Gateway takes the most specific resource of a path and does not go on to a wider one for its methods: so each has a
 * method for all that is not its own.
 */
function addRoutes(api: RestApi, { publish, consume, manage, auth }: BrokerApiProps): void {
  const rest = integration(manage)
  const root = api.root
  const below = root.addResource('api')
  const exchanges = below.addResource('exchanges')
  const queues = below.addResource('queues')
  const [publishing, consuming] = [exchanges.addResource('{proxy+}'), queues.addResource('{proxy+}')]
  const others: IResource[] = [root.addResource('{proxy+}'), below.addResource('{proxy+}')]
  const signed = auth.type === 'iam' ? { authorizationType: AuthorizationType.IAM } : {}
  publishing.addMethod('POST', integration(publish), signed)
  consuming.addMethod('POST', integration(consume), signed)
  if (auth.type === 'iam') {
    for (const path of ['healthz', 'openapi.json']) {
      const open = below.addResource(path)
      open.addMethod('GET', rest)
      others.push(open)
    }
  }
  for (const resource of [root, below, exchanges, queues, publishing, consuming, ...others]) {
    resource.addMethod('ANY', rest, signed)
  }
}

function urlOf(scope: Construct, api: RestApi, domain: Domain | undefined, endpoint: IVpcEndpoint | undefined): string {
  if (domain !== undefined) return addDomain(scope, api, domain)
  return endpoint === undefined ? api.url.replace(/\/$/, '') : endpointUrl(api, endpoint)
}

/** One permission of the whole API for each function, or the functions' policies would grow with the routes. */
const integration = (lambda: IFunction): LambdaIntegration =>
  new LambdaIntegration(lambda, { scopePermissionToMethod: false })

const LOG_POLICY = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs'

/** What AwsSolutions wants of a front, and why this one does without. */
function acknowledge(api: RestApi, { accessLogs }: BrokerApiProps): void {
  const reasons: Readonly<Record<string, string>> = {
    'AwsSolutions-APIG2': 'The functions validate requests, with the answers that RabbitMQ gives.',
    'AwsSolutions-APIG3':
      'A web application firewall is for whoever runs the broker to attach; it costs more than the broker.',
    'AwsSolutions-APIG4': 'The functions authenticate every request: RabbitMQ has users of its own (docs/security.md).',
    'AwsSolutions-COG4': 'The functions authenticate every request: RabbitMQ has users of its own (docs/security.md).',
    'AwsSolutions-APIG6': 'A log line per request would cost as much as the request; the functions log what fails.',
    ...(accessLogs && {
      [`AwsSolutions-IAM4[Policy::${LOG_POLICY}]`]:
        "The role belongs to API Gateway as a whole; the policy is AWS's for it.",
    }),
    ...(!accessLogs && {
      'AwsSolutions-APIG1': 'Access logs are a prop: they need a role that belongs to the whole account.',
    }),
  }
  Validations.of(api).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })))
}
