import { RemovalPolicy, Validations } from 'aws-cdk-lib'
import {
  AccessLogFormat,
  type CfnStage,
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { addGatewayResponses } from './gateway-responses.ts'
import type { LeveretProps } from './props.ts'

export interface BrokerApiProps extends Required<Pick<LeveretProps, 'logRetention' | 'removalPolicy' | 'accessLogs'>> {
  readonly publish: IFunction
  readonly consume: IFunction
  readonly manage: IFunction
  readonly throttle: LeveretProps['throttle']
  readonly description: string
}

/**
 * The front: a Regional REST API, which hands paths on as they came, `%2F` included (DESIGN §11). The two calls that make
 * up the load have functions of their own, small ones.
 */
export class BrokerApi extends Construct {
  readonly api: RestApi

  constructor(scope: Construct, id: string, props: BrokerApiProps) {
    super(scope, id)
    this.api = new RestApi(this, 'RestApi', {
      description: props.description,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: props.accessLogs,
      // Users sign in at the broker itself; the endpoint's export would only repeat what /api/openapi.json says.
      endpointExportName: undefined,
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
    addGatewayResponses(this.api)
    acknowledge(this.api, props)
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
function addRoutes(api: RestApi, { publish, consume, manage }: BrokerApiProps): void {
  const rest = integration(manage)
  const root = api.root
  const below = root.addResource('api')
  const exchanges = below.addResource('exchanges')
  const queues = below.addResource('queues')
  const [publishing, consuming] = [exchanges.addResource('{proxy+}'), queues.addResource('{proxy+}')]
  const others: IResource[] = [root.addResource('{proxy+}'), below.addResource('{proxy+}')]
  publishing.addMethod('POST', integration(publish))
  consuming.addMethod('POST', integration(consume))
  for (const resource of [root, below, exchanges, queues, publishing, consuming, ...others]) {
    resource.addMethod('ANY', rest)
  }
}

/** One permission of the whole API for each function, or the functions' policies would grow with the routes. */
const integration = (lambda: IFunction): LambdaIntegration =>
  new LambdaIntegration(lambda, { scopePermissionToMethod: false })
