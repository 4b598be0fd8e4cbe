import { Stack, Validations } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import { InterfaceVpcEndpoint, InterfaceVpcEndpointAwsService, type IVpcEndpoint } from 'aws-cdk-lib/aws-ec2'
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import type { Auth, PrivateEndpoint } from './props.ts'

/** The endpoint that is given, or one that is made in the VPC. Throws an Error where there is neither. */
export function endpointOf(scope: Construct, { vpcEndpoint, vpc }: PrivateEndpoint): IVpcEndpoint {
  if (vpcEndpoint !== undefined) return vpcEndpoint
  if (vpc === undefined) throw new Error('a private endpoint is in a VPC')
  const endpoint = new InterfaceVpcEndpoint(scope, 'Endpoint', {
    vpc,
    service: InterfaceVpcEndpointAwsService.APIGATEWAY,
    // It would hide all public APIs of API Gateway from the VPC; this API has a name of its own at the endpoint.
    privateDnsEnabled: false,
  })
  Validations.of(endpoint).acknowledge({
    id: 'AwsSolutions-EC23',
    reason: 'Its security group lets in the addresses of the VPC, which the rule cannot read before deployment.',
  })
  return endpoint
}

/**
 * Who may call: whoever comes through the endpoint, where the functions ask for a password; where requests are signed, the
 * principals of the account whose own policies allow it, and through the endpoint only.
 */
export function endpointPolicy({ vpcEndpointId }: IVpcEndpoint, { type }: Auth): PolicyDocument {
  const common = { actions: ['execute-api:Invoke'], resources: ['execute-api:/*'] }
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        ...common,
        effect: Effect.ALLOW,
        principals: [type === 'iam' ? new AccountRootPrincipal() : new AnyPrincipal()],
      }),
      new PolicyStatement({
        ...common,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        conditions: { StringNotEquals: { 'aws:SourceVpce': vpcEndpointId } },
      }),
    ],
  })
}

/** The name that API Gateway gives an API at an endpoint; it needs no private DNS. */
export function endpointUrl(api: RestApi, { vpcEndpointId }: IVpcEndpoint): string {
  const { region, urlSuffix } = Stack.of(api)
  const { stageName } = api.deploymentStage
  return `https://${api.restApiId}-${vpcEndpointId}.execute-api.${region}.${urlSuffix}/${stageName}`
}
