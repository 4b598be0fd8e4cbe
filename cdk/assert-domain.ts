import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import { isKnown, refusal } from './refusal.ts'

/** A label of a name; a wildcard can be nobody's. */
const DOMAIN_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/

/** Throws an Error that names the prop, below `prop`, where there is a name that is none, or a zone that it is not in. */
export function assertDomainName(
  prop: string,
  { domainName, hostedZone }: { readonly domainName?: string; readonly hostedZone?: IHostedZone },
): void {
  if (isKnown(domainName) && !DOMAIN_NAME.test(domainName)) {
    throw refusal(`${prop}.domainName`, domainName, 'use a whole name in lower case, such as broker.example.org')
  }
  if (domainName === undefined && hostedZone !== undefined) {
    throw refusal(`${prop}.domainName`, 'absent', 'name what the hosted zone is to have a record of')
  }
  const zoneName = hostedZone?.zoneName
  if (isKnown(domainName) && isKnown(zoneName) && !`.${domainName}`.endsWith(`.${zoneName}`)) {
    throw refusal(`${prop}.hostedZone`, zoneName, `use the zone that ${domainName} is in, or leave it out`)
  }
}
