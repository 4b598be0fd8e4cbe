import { type AmqpProps, toAmqpSettings } from './amqp-props.ts'
import { assertDomainName } from './assert-domain.ts'
import type { LeveretProps } from './props.ts'
import { isKnown, isWhole, refusal } from './refusal.ts'

/** Throws an Error that names the prop and what to change. Values that are known only at deployment are left alone. */
export function assertAmqp(props: AmqpProps, { privateEndpoint }: LeveretProps): void {
  assertNetwork(props)
  assertTls(props)
  if (privateEndpoint !== undefined && props.internal === undefined) {
    throw refusal('amqp.internal', 'absent', 'the API is private, so say whether this is to be: true, or false')
  }
  assertDomainName('amqp', props)
  const { allowFrom, tasks } = props
  if (allowFrom?.length === 0) throw refusal('amqp.allowFrom', [], 'name who may connect, or leave it out')
  if (isKnown(tasks) && !isWhole(tasks, 1, MAX_TASKS)) {
    throw refusal('amqp.tasks', tasks, `use a whole number from 1 to ${MAX_TASKS}, or leave it out`)
  }
  assertSize(props)
}

/** Each has a queue, a lease and connections of its own; beyond this somebody has mistyped. */
const MAX_TASKS = 100

function assertNetwork({ vpc, newVpc, taskSubnets }: AmqpProps): void {
  if ((vpc === undefined) === (newVpc !== true)) {
    const given = vpc === undefined ? 'neither' : 'both'
    throw refusal('amqp.vpc', given, 'give either the vpc that it is to be in, or newVpc: true to have one made')
  }
  if (newVpc && taskSubnets !== undefined) {
    throw refusal('amqp.taskSubnets', 'given', 'a new VPC has one kind of subnets, so leave it out')
  }
  if (vpc === undefined || taskSubnets !== undefined) return
  if (vpc.privateSubnets.length === 0 && vpc.publicSubnets.length === 0) {
    const fix = 'the VPC has only isolated subnets: name some, with endpoints for SQS, DynamoDB, S3, ECR and logs'
    throw refusal('amqp.taskSubnets', 'absent', fix)
  }
}

function assertTls({ certificate, withoutTls, internal }: AmqpProps): void {
  if (certificate === undefined && withoutTls !== true) {
    const fix = 'give a certificate of ACM, or, where internal is true, withoutTls: true'
    throw refusal('amqp.certificate', 'absent', fix)
  }
  if (certificate !== undefined && withoutTls) {
    throw refusal('amqp.withoutTls', withoutTls, 'there is a certificate, so leave one of them out')
  }
  if (withoutTls && internal !== true) {
    const fix = 'passwords would cross the internet as they are: give a certificate, or set internal: true as well'
    throw refusal('amqp.withoutTls', withoutTls, fix)
  }
}

const GIB = 1024

/** MiB that Fargate has with each `cpu` (ECS Developer Guide, "Task CPU and memory"). */
const MEMORY: Readonly<Record<number, readonly number[]>> = {
  256: [GIB / 2, GIB, 2 * GIB],
  512: gibibytes(1, 4),
  1024: gibibytes(2, 8),
  2048: gibibytes(4, 16),
  4096: gibibytes(8, 30),
}

function gibibytes(min: number, max: number): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => (min + index) * GIB)
}

function assertSize(props: AmqpProps): void {
  const { cpu, memoryMb } = toAmqpSettings(props)
  if (!isKnown(cpu)) return
  const allowed = MEMORY[cpu]
  if (allowed === undefined) throw refusal('amqp.cpu', cpu, `use one of ${Object.keys(MEMORY).join(', ')}`)
  if (!isKnown(memoryMb) || allowed.includes(memoryMb)) return
  const fix = `with a cpu of ${cpu} use ${allowed.length > 3 ? `whole GiB from ${allowed[0]} to ${allowed.at(-1)}` : allowed.join(', ')}`
  throw refusal('amqp.memoryMb', memoryMb, fix)
}
