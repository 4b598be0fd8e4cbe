import { Fn } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { type IVpc, Peer, Vpc } from 'aws-cdk-lib/aws-ec2'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import type { Construct } from 'constructs'
import type { AmqpProps } from './amqp-props.ts'
import {
  NEW_VPC,
  PREFIX,
  type ReadSetting,
  toArnOf,
  toBoolean,
  toCidrs,
  toNumber,
  toSubnetIds,
  toText,
  toVpcId,
  toZone,
  withoutAbsent,
} from './context-values.ts'
import { refusal } from './refusal.ts'

/** What the context can say of `amqp`. */
export const AMQP_KEYS = [
  'amqpVpcId',
  'amqpSubnetIds',
  'amqpCertificateArn',
  'amqpWithoutTls',
  'amqpInternal',
  'amqpAllowFrom',
  'amqpDomainName',
  'amqpHostedZone',
  'amqpTasks',
  'amqpCpu',
  'amqpMemoryMb',
] as const

/** Where a VPC is named there are gateways. Throws an Error that names the context and what to write. */
export function readAmqp(scope: Construct, read: ReadSetting<(typeof AMQP_KEYS)[number]>): AmqpProps | undefined {
  const vpcId = read('amqpVpcId', toVpcId, 'write the id of a VPC, vpc-…, or new')
  const subnetIds = read('amqpSubnetIds', toSubnetIds, 'write ids of subnets, subnet-…, with spaces between them')
  const arn = read('amqpCertificateArn', toArnOf('acm'), 'write the ARN of a certificate of ACM')
  const blocks = read('amqpAllowFrom', toCidrs, 'write CIDR blocks with spaces between them, such as 192.0.2.0/24')
  const zone = read('amqpHostedZone', toZone, 'write ID/NAME of a hosted zone, such as Z0123456789/example.org')
  const others = withoutAbsent({
    withoutTls: read('amqpWithoutTls', toBoolean, 'write true or false'),
    internal: read('amqpInternal', toBoolean, 'write true or false'),
    domainName: read('amqpDomainName', toText, 'write a name such as amqp.example.org'),
    tasks: read('amqpTasks', toNumber, 'write a number of gateways'),
    cpu: read('amqpCpu', toNumber, 'write 1024ths of a vCPU, such as 512'),
    memoryMb: read('amqpMemoryMb', toNumber, 'write MiB, such as 1024'),
  })
  if (vpcId === undefined) {
    const isAsked =
      [subnetIds, arn, blocks, zone].some((value) => value !== undefined) || Object.keys(others).length > 0
    if (isAsked) throw refusal(`${PREFIX}amqpVpcId`, '', 'write the VPC that AMQP is to be spoken in, or new')
    return undefined
  }
  return {
    ...(vpcId === NEW_VPC ? newVpc(subnetIds) : { vpc: vpcOf(scope, vpcId, subnetIds) }),
    ...(arn !== undefined && { certificate: Certificate.fromCertificateArn(scope, 'AmqpCertificate', arn) }),
    ...(blocks && { allowFrom: blocks.map((block) => Peer.ipv4(block)) }),
    ...(zone && { hostedZone: HostedZone.fromHostedZoneAttributes(scope, 'AmqpHostedZone', zone) }),
    ...others,
  }
}

function newVpc(subnetIds: readonly string[] | undefined): AmqpProps {
  if (subnetIds === undefined) return { newVpc: true }
  throw refusal(`${PREFIX}amqpSubnetIds`, subnetIds, `a new VPC has its own, so leave it out`)
}

/** The app knows no account in which it could look a VPC up, so its subnets are named, and are public ones. */
function vpcOf(scope: Construct, vpcId: string, subnetIds: readonly string[] | undefined): IVpc {
  if (subnetIds === undefined) {
    throw refusal(`${PREFIX}amqpSubnetIds`, '', 'write two public subnets of the VPC, in different zones')
  }
  return Vpc.fromVpcAttributes(scope, 'AmqpVpc', {
    vpcId,
    availabilityZones: subnetIds.map((_, index) => Fn.select(index, Fn.getAzs())),
    publicSubnetIds: [...subnetIds],
  })
}
