import type { Config } from '../config.ts'
import type { Blobs } from './blobs.ts'
import { DirectoryBlobs } from './directory-blobs.ts'
import { S3Blobs } from './s3-blobs.ts'

/** The store that `config.blobs` names: `s3://bucket` or `file:///directory/`. */
export function openBlobs(config: Pick<Config, 'blobs' | 'aws'>): Blobs {
  const url = new URL(config.blobs)
  if (url.protocol === 's3:') return new S3Blobs(url.hostname, config.aws)
  if (url.protocol === 'file:') return new DirectoryBlobs(url)
  throw new Error(`blobs are kept at '${config.blobs}': it must be s3://BUCKET or file:///DIRECTORY/`)
}
