import { type AwsOptions, clientOptions } from '../config.ts'

/**
 * The text of a secret of AWS Secrets Manager. The client is loaded for this call: it is made once in the life of a broker.
 * Throws what the SDK throws, and Error where the secret holds no text.
 */
export async function readSecret(arn: string, aws: AwsOptions): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient(clientOptions(aws, 'secretsmanager'))
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
    if (SecretString === undefined) throw new Error('the secret holds no text')
    return SecretString
  } finally {
    client.destroy()
  }
}
