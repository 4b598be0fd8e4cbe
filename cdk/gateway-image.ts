import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, AssetStaging, DockerImage } from 'aws-cdk-lib'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { bundle } from './bundle.ts'

/** Holds the Dockerfile; in the published package the bundle as well. */
const FOLDER = fileURLToPath(new URL('gateway-image', import.meta.url))
const DOCKERFILE = 'Dockerfile'
const NAME = 'gateway'

const ENTRY = fileURLToPath(new URL('../lib/cli/amqp/container.ts', import.meta.url))

/** Writes what the image is built of into a directory: the Dockerfile, `gateway.mjs` and what it imports. */
export function buildGateway(outdir: string) {
  const result = bundle({ [NAME]: ENTRY }, outdir)
  copyFileSync(join(FOLDER, DOCKERFILE), join(outdir, DOCKERFILE))
  return result
}

/** The gateway's image. Docker builds it when the app is deployed; synthesis needs none. */
export function gatewayImage(scope: Construct): ContainerImage {
  const directory = existsSync(join(FOLDER, `${NAME}.mjs`)) ? FOLDER : bundledFromSource(scope)
  return ContainerImage.fromAsset(directory, { platform: Platform.LINUX_ARM64 })
}

function bundledFromSource(scope: Construct): string {
  const tryBundle = (outdir: string): boolean => {
    buildGateway(outdir)
    return true
  }
  return new AssetStaging(scope, 'Bundle', {
    sourcePath: FOLDER,
    assetHashType: AssetHashType.OUTPUT,
    // As for functions (bundle.ts): an image has to be named.
    bundling: { image: DockerImage.fromRegistry('scratch'), command: [NAME], local: { tryBundle } },
  }).absoluteStagedPath
}
