import { EndpointType, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway'
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets'
import type { Construct } from 'constructs'
import type { Domain } from './props.ts'

/** Gives the API a name of its user's, which has no stage in its paths. Answers its URL. */
export function addDomain(
  scope: Construct,
  api: RestApi,
  { domainName, certificate, hostedZone, basePath }: Domain,
): string {
  const domain = api.addDomainName('Domain', {
    domainName,
    certificate,
    endpointType: EndpointType.REGIONAL,
    securityPolicy: SecurityPolicy.TLS_1_2,
    ...(basePath !== undefined && { basePath }),
  })
  if (hostedZone !== undefined) {
    const target = RecordTarget.fromAlias(new ApiGatewayDomain(domain))
    new ARecord(scope, 'DomainAlias', { zone: hostedZone, recordName: domainName, target })
  }
  return `https://${domainName}${basePath === undefined ? '' : `/${basePath}`}`
}
