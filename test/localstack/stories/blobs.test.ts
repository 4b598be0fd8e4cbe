import { openBlobs } from '../../../lib/journal/open-blobs.ts'
import { describeBlobs } from '../../conformance/blobs.ts'
import { awsOptions } from '../aws-calls.ts'
import { readOutputs } from '../deployment.ts'
import { siteFromEnvironment } from '../site.ts'

const site = siteFromEnvironment()

describeBlobs("objects in the broker's bucket", async () =>
  openBlobs({ blobs: `s3://${readOutputs(site).BlobsBucket}`, aws: awsOptions(site) }),
)
