import { invalidValueFor, SqsError } from './errors.ts'

/** Attributes as they were set, normalised: what GetQueueAttributes shows beside the defaults. */
export type QueueAttributes = Readonly<Record<string, string>>

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string
  readonly maxReceiveCount: number
}

interface RedriveAllowPolicy {
  readonly redrivePermission: string
  readonly sourceQueueArns?: readonly string[]
}

/** What the engine acts on, read from the attributes once. */
export interface QueueSettings {
  readonly isFifo: boolean
  readonly visibilityTimeoutMs: number
  readonly delayMs: number
  readonly receiveWaitMs: number
  readonly maximumMessageSizeBytes: number
  readonly retentionMs: number
  readonly contentBasedDeduplication: boolean
  readonly deduplicationPerGroup: boolean
  readonly redrive: RedrivePolicy | undefined
}

const INTEGERS: Readonly<Record<string, { readonly min: number; readonly max: number; readonly initial?: number }>> = {
  VisibilityTimeout: { min: 0, max: 43_200, initial: 30 },
  MaximumMessageSize: { min: 1024, max: 1_048_576, initial: 1_048_576 },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, initial: 345_600 },
  DelaySeconds: { min: 0, max: 900, initial: 0 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, initial: 0 },
  KmsDataKeyReusePeriodSeconds: { min: 60, max: 86_400 },
}
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  SqsManagedSseEnabled: ['true', 'false'],
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['true', 'false'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
}
const FIFO_ONLY = new Set(['ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'])
/** Setting one of these to the empty string removes it. */
const REMOVABLE = new Set(['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'])
const READ_ONLY = new Set([
  'All',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
])
const MAX_RECEIVE_COUNT = 1000
const DEFAULT_MAX_RECEIVE_COUNT = 10

/** What a queue reports for attributes that nobody set (botocore's model of SetQueueAttributes). */
function defaultAttributes(isFifo: boolean): QueueAttributes {
  const defaults: Record<string, string> = { SqsManagedSseEnabled: 'true' }
  for (const [name, { initial }] of Object.entries(INTEGERS)) {
    if (initial !== undefined) defaults[name] = String(initial)
  }
  if (!isFifo) return defaults
  return {
    ...defaults,
    FifoQueue: 'true',
    ContentBasedDeduplication: 'false',
    DeduplicationScope: 'queue',
    FifoThroughputLimit: 'perQueue',
  }
}

/**
 * The attributes after `changes`. An empty value removes an attribute that may be absent.
 * @throws InvalidAttributeName, InvalidAttributeValue; InvalidParameterValue for a malformed redrive policy.
 */
export function mergeAttributes(
  current: QueueAttributes,
  changes: ReadonlyMap<string, string>,
  isFifo: boolean,
): QueueAttributes {
  const merged: Record<string, string> = { ...current }
  for (const [name, value] of changes) {
    const normalised = normaliseAttribute(name, value, isFifo)
    if (normalised === '') delete merged[name]
    else merged[name] = normalised
  }
  applyEncryptionRule(merged, changes)
  assertThroughputLimit(merged)
  return merged
}

/** One attribute in the form it is kept and compared in; '' for one that is being removed. */
export function normaliseAttribute(name: string, value: string, isFifo: boolean): string {
  if (FIFO_ONLY.has(name) && !isFifo) {
    throw new SqsError('InvalidAttributeName', `You can specify the ${name} only when FifoQueue is set to true.`)
  }
  if (REMOVABLE.has(name) && value === '') return ''
  if (Object.hasOwn(INTEGERS, name)) return normaliseInteger(name, value)
  if (Object.hasOwn(CHOICES, name)) return normaliseChoice(name, value, isFifo)
  if (name === 'RedrivePolicy') return JSON.stringify(parseRedrivePolicy(value))
  if (name === 'RedriveAllowPolicy') return JSON.stringify(parseRedriveAllowPolicy(value))
  if (name === 'Policy') return assertJsonObject(name, value)
  if (name === 'KmsMasterKeyId') return value
  throw unknownAttribute(name)
}

export function unknownAttribute(name: string): SqsError {
  return new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`)
}

function invalidAttributeValue(name: string): SqsError {
  return new SqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`)
}

function normaliseInteger(name: string, value: string): string {
  const range = INTEGERS[name]
  const number = Number(value)
  if (range === undefined || !/^\d{1,9}$/.test(value) || number < range.min || number > range.max) {
    throw invalidAttributeValue(name)
  }
  return String(number)
}

function normaliseChoice(name: string, value: string, isFifo: boolean): string {
  const lower = value.toLowerCase()
  const choice = CHOICES[name]?.find((candidate) => candidate === value || candidate === lower)
  if (choice === undefined) throw name === 'FifoQueue' ? unknownAttribute(name) : invalidAttributeValue(name)
  if (name === 'FifoQueue' && !isFifo) throw unknownAttribute(name)
  return choice
}

function applyEncryptionRule(merged: Record<string, string>, changes: ReadonlyMap<string, string>): void {
  const setsKey = (changes.get('KmsMasterKeyId') ?? '') !== ''
  const enablesManaged = changes.get('SqsManagedSseEnabled')?.toLowerCase() === 'true'
  if (setsKey && enablesManaged) {
    throw new SqsError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    )
  }
  if (setsKey) merged.SqsManagedSseEnabled = 'false'
  if (enablesManaged) delete merged.KmsMasterKeyId
}

function assertThroughputLimit(merged: QueueAttributes): void {
  if (merged.FifoThroughputLimit === 'perMessageGroupId' && merged.DeduplicationScope !== 'messageGroup') {
    throw new SqsError(
      'InvalidAttributeValue',
      'The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.',
    )
  }
}

function parseJsonObject(name: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // The sentence below says it for text that is no JSON as well.
  }
  throw invalidValueFor(name, text, 'Policy is not a valid JSON map.')
}

function assertJsonObject(name: string, text: string): string {
  try {
    parseJsonObject(name, text)
    return text
  } catch {
    throw invalidAttributeValue(name)
  }
}

/** AWS takes `maxReceiveCount` as a number or as a string, and shows a number. */
export function parseRedrivePolicy(text: string): RedrivePolicy {
  const policy = parseJsonObject('RedrivePolicy', text)
  const deadLetterTargetArn = policy.deadLetterTargetArn
  if (typeof deadLetterTargetArn !== 'string' || !/^arn:[^:]+:sqs:[^:]+:\d{12}:.+$/.test(deadLetterTargetArn)) {
    throw invalidValueFor('RedrivePolicy', text, 'Invalid value for deadLetterTargetArn.')
  }
  const given = policy.maxReceiveCount ?? DEFAULT_MAX_RECEIVE_COUNT
  const maxReceiveCount = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given
  if (
    typeof maxReceiveCount !== 'number' ||
    !Number.isInteger(maxReceiveCount) ||
    maxReceiveCount < 1 ||
    maxReceiveCount > MAX_RECEIVE_COUNT
  ) {
    throw invalidValueFor(
      'RedrivePolicy',
      text,
      `Invalid value for maxReceiveCount: ${given}, valid values are from 1 to ${MAX_RECEIVE_COUNT} both inclusive.`,
    )
  }
  return { deadLetterTargetArn, maxReceiveCount }
}

function parseRedriveAllowPolicy(text: string): RedriveAllowPolicy {
  const { redrivePermission, sourceQueueArns } = parseJsonObject('RedriveAllowPolicy', text)
  if (redrivePermission === 'allowAll' || redrivePermission === 'denyAll') {
    if (sourceQueueArns === undefined) return { redrivePermission }
  } else if (redrivePermission === 'byQueue' && Array.isArray(sourceQueueArns)) {
    const arns = sourceQueueArns.filter((arn) => typeof arn === 'string')
    if (arns.length === sourceQueueArns.length && arns.length >= 1 && arns.length <= 10) {
      return { redrivePermission, sourceQueueArns: arns }
    }
  }
  throw invalidValueFor(
    'RedriveAllowPolicy',
    text,
    'redrivePermission must be allowAll, denyAll, or byQueue with 1 to 10 sourceQueueArns.',
  )
}

/** Whether a queue with these attributes lets `sourceArn` use it as its dead-letter queue. */
export function allowsRedriveFrom(attributes: QueueAttributes, sourceArn: string): boolean {
  const text = attributes.RedriveAllowPolicy
  if (text === undefined) return true
  const policy = parseRedriveAllowPolicy(text)
  if (policy.redrivePermission === 'byQueue') return policy.sourceQueueArns?.includes(sourceArn) ?? false
  return policy.redrivePermission === 'allowAll'
}

/** What GetQueueAttributes shows of the attributes that can be set. */
export function attributesInForce(attributes: QueueAttributes): QueueAttributes {
  const key = attributes.KmsMasterKeyId === undefined ? {} : { KmsDataKeyReusePeriodSeconds: '300' }
  return { ...defaultAttributes(attributes.FifoQueue === 'true'), ...key, ...attributes }
}

export function isAttributeName(name: string): boolean {
  return READ_ONLY.has(name) || REMOVABLE.has(name) || Object.hasOwn(INTEGERS, name) || Object.hasOwn(CHOICES, name)
}

export function settingsOf(attributes: QueueAttributes): QueueSettings {
  const isFifo = attributes.FifoQueue === 'true'
  const effective = attributesInForce(attributes)
  const redrive = attributes.RedrivePolicy
  return {
    isFifo,
    visibilityTimeoutMs: Number(effective.VisibilityTimeout) * 1000,
    delayMs: Number(effective.DelaySeconds) * 1000,
    receiveWaitMs: Number(effective.ReceiveMessageWaitTimeSeconds) * 1000,
    maximumMessageSizeBytes: Number(effective.MaximumMessageSize),
    retentionMs: Number(effective.MessageRetentionPeriod) * 1000,
    contentBasedDeduplication: effective.ContentBasedDeduplication === 'true',
    deduplicationPerGroup: effective.DeduplicationScope === 'messageGroup',
    redrive: redrive === undefined ? undefined : parseRedrivePolicy(redrive),
  }
}
