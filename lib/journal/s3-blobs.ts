import type { S3Client } from '@aws-sdk/client-s3'
import { type AwsOptions, clientOptions } from '../config.ts'
import type { Blobs } from './blobs.ts'

type S3 = typeof import('@aws-sdk/client-s3')

/** Blobs as S3 objects. The client is loaded with the first call: most environments never make one. */
export class S3Blobs implements Blobs {
  readonly #bucket: string
  readonly #aws: AwsOptions
  #opened: Promise<{ s3: S3; client: S3Client }> | undefined

  constructor(bucket: string, aws: AwsOptions) {
    this.#bucket = bucket
    this.#aws = aws
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { s3, client } = await this.#open()
    await client.send(new s3.PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes }))
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { s3, client } = await this.#open()
    try {
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: this.#bucket, Key: key }))
      return await Body?.transformToByteArray()
    } catch (error) {
      if (error instanceof s3.NoSuchKey) return undefined
      throw error
    }
  }

  #open(): Promise<{ s3: S3; client: S3Client }> {
    this.#opened ??= openClient(this.#aws)
    return this.#opened
  }
}

async function openClient(aws: AwsOptions): Promise<{ s3: S3; client: S3Client }> {
  const s3 = await import('@aws-sdk/client-s3')
  const client = new s3.S3Client({
    ...clientOptions(aws, 's3'),
    // An endpoint of one's own seldom resolves a host name per bucket.
    ...(aws.endpoints?.s3 !== undefined && { forcePathStyle: true }),
  })
  return { s3, client }
}
