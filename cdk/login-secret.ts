import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import type { Settings } from './settings.ts'

const PASSWORD_LENGTH = 32

export interface LoginSecretProps extends Pick<Settings, 'removalPolicy' | 'encryptionKey'> {
  readonly username: string
  readonly description: string
}

/** `{"username": …, "password": …}`, with a password that is made with the stack. */
export const loginSecret = (
  scope: Construct,
  id: string,
  { username, description, removalPolicy, encryptionKey }: LoginSecretProps,
): Secret =>
  new Secret(scope, id, {
    description,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      passwordLength: PASSWORD_LENGTH,
      excludePunctuation: true,
    },
    removalPolicy,
    ...(encryptionKey && { encryptionKey }),
  })
