import { CustomResource, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import type { Settings } from './props.ts'

const ADMINISTRATOR = 'admin'
const PASSWORD_LENGTH = 32

/** `{"username": "admin", "password": …}`: whom the broker lets in at first. Users are managed through the API from then on. */
export function administratorSecret(
  scope: Construct,
  { removalPolicy, encryptionKey }: Pick<Settings, 'removalPolicy' | 'encryptionKey'>,
): Secret {
  const secret = new Secret(scope, 'Administrator', {
    description: 'Name and password of the first administrator of a Leveret broker',
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: ADMINISTRATOR }),
      generateStringKey: 'password',
      passwordLength: PASSWORD_LENGTH,
      excludePunctuation: true,
    },
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
}

/** Has the broker set up when the stack is created or updated, and its declared queues deleted with a stack that keeps nothing. */
export function bootstrapResource(
  scope: Construct,
  { lambda, timeout, removalPolicy, leaseMs, auth }: BootstrapProps,
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
    },
  })
}
