/** Where recorded calls and synthesised policies are taken to be, so that one's ARNs match the other's. */
export const [PARTITION, REGION, ACCOUNT] = ['aws', 'eu-west-1', '123456789012']

export const queueArn = (name: string): string => `arn:${PARTITION}:sqs:${REGION}:${ACCOUNT}:${name}`

export const tableArn = (name: string): string => `arn:${PARTITION}:dynamodb:${REGION}:${ACCOUNT}:table/${name}`

export const bucketArn = (name: string): string => `arn:${PARTITION}:s3:::${name}`
