import { CfnResource, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Settings } from './settings.ts'

/** Payloads go by age (docs/architecture.md); bases of journals, under `bases/`, stay. */
const PAYLOAD_DAYS = { 'live/': 90, 'scheduled/': 400 } as const

/** What is too large for SQS, and the states from which journals are loaded. */
export function blobsBucket(
  scope: Construct,
  {
    removalPolicy,
    logRetention,
    encryptionKey,
    existing,
  }: Pick<Settings, 'removalPolicy' | 'logRetention' | 'encryptionKey' | 'existing'>,
): Bucket | IBucket {
  if (existing?.bucketName !== undefined) {
    const { bucketName } = existing
    return Bucket.fromBucketAttributes(scope, 'ExistingBlobs', { bucketName, ...(encryptionKey && { encryptionKey }) })
  }
  const bucket = new Bucket(scope, 'Blobs', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    ...encryptionOf(encryptionKey),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    lifecycleRules: [
      ...Object.entries(PAYLOAD_DAYS).map(([prefix, days]) => ({ prefix, expiration: Duration.days(days) })),
      { abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    removalPolicy,
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
  })
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Only the functions of this broker read and write it. CloudTrail can log its objects where an audit asks for that.',
  })
  if (removalPolicy === RemovalPolicy.DESTROY) giveEmptierLog(scope, logRetention)
  return bucket
}

/** A bucket key asks KMS once for many objects (S3 User Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys"). */
const encryptionOf = (encryptionKey: Settings['encryptionKey']): Partial<BucketProps> =>
  encryptionKey
    ? { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
    : { encryption: BucketEncryption.S3_MANAGED }

/** The CDK's own function that empties a bucket before it is deleted would leave a log behind, since nobody declares it. */
function giveEmptierLog(scope: Construct, retention: RetentionDays): void {
  const logGroup = new LogGroup(scope, 'EmptierLog', { retention, removalPolicy: RemovalPolicy.DESTROY })
  const provider = Stack.of(scope).node.findChild('Custom::S3AutoDeleteObjectsCustomResourceProvider')
  const handler = provider.node.findChild('Handler')
  if (CfnResource.isCfnResource(handler)) {
    handler.addPropertyOverride('LoggingConfig', { LogGroup: logGroup.logGroupName })
  }
}
