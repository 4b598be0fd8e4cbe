import { CustomResource, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Asset } from 'aws-cdk-lib/aws-s3-assets'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { loginSecret } from './login-secret.ts'
import type { Settings } from './settings.ts'

const ADMINISTRATOR = 'admin'

/** `{"username": "admin", "password": …}`: whom the broker lets in at first. Users are managed through the API from then on. */
export function administratorSecret(
  scope: Construct,
  { removalPolicy, encryptionKey }: Pick<Settings, 'removalPolicy' | 'encryptionKey'>,
): Secret {
  const secret = loginSecret(scope, 'Administrator', {
    username: ADMINISTRATOR,
    description: 'Name and password of the first administrator of a Leveret broker',
    removalPolicy,
    ...(encryptionKey && { encryptionKey }),
  })
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'It is the password at first; the broker keeps a hash, and the administrator changes it through the API.',
  })
  return secret
}

export interface BootstrapProps extends Pick<Settings, 'removalPolicy' | 'leaseMs' | 'auth'> {
  readonly lambda: IFunction
  readonly timeout: Duration
  /** What the app declares of the broker: names of properties and values that are known when everything was added. */
  readonly topology: Readonly<Record<string, unknown>>
}

/** Has the broker set up when the stack is created or updated, and its declared queues deleted with a stack that keeps nothing. */
export function bootstrapResource(
  scope: Construct,
  { lambda, timeout, removalPolicy, leaseMs, auth, topology }: BootstrapProps,
): CustomResource {
  return new CustomResource(scope, 'SetUp', {
    resourceType: 'Custom::LeveretBootstrap',
    serviceToken: lambda.functionArn,
    serviceTimeout: timeout.plus(Duration.seconds(30)),
    // The broker is told a new lease, and new administrators, by an update.
    properties: {
      LeaseMs: leaseMs,
      DeleteQueues: removalPolicy === RemovalPolicy.DESTROY,
      ...(auth.type === 'iam' && { Administrators: auth.administrators }),
      ...topology,
    },
  })
}

/** To read one file of the bucket that assets are in, which is not the app's alone. */
export const grantReadFile = (grantee: IGrantable, { bucket, s3ObjectKey }: Asset): Grant =>
  Grant.addToPrincipal({ grantee, actions: ['s3:GetObject'], resourceArns: [bucket.arnForObjects(s3ObjectKey)] })

/**
 * To read the secret of a user. The function may use the broker's key anyway; `grantRead` would name the function's role in
 * the policy of the key, which then depends on what depends on it.
 */
export const grantReadSecret = (grantee: IGrantable, { secretArn }: Secret): Grant =>
  Grant.addToPrincipal({ grantee, actions: ['secretsmanager:GetSecretValue'], resourceArns: [secretArn] })

export interface DefinitionsResourceProps {
  readonly lambda: IFunction
  readonly timeout: Duration
  readonly asset: Asset
  readonly vhost: string | undefined
}

/** Has a definitions file imported; a file that has changed has another key. */
export function definitionsResource(
  scope: Construct,
  id: string,
  { lambda, timeout, asset, vhost }: DefinitionsResourceProps,
): CustomResource {
  return new CustomResource(scope, id, {
    resourceType: 'Custom::LeveretDefinitions',
    serviceToken: lambda.functionArn,
    serviceTimeout: timeout.plus(Duration.seconds(30)),
    properties: {
      Store: `s3://${asset.s3BucketName}`,
      Key: asset.s3ObjectKey,
      ...(vhost !== undefined && { Vhost: vhost }),
    },
  })
}
