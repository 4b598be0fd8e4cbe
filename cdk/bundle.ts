import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { BuildOptions } from 'esbuild'

const FUNCTIONS = fileURLToPath(new URL('../functions', import.meta.url))

/**
 * How functions and the gateway are bundled: with the SDK in, since loading the runtime's own takes longer and its version is not ours to
 * choose; and split, so that what is imported on demand is not parsed at a cold start.
 */
const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  splitting: true,
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions

/** Writes the bundle of `functions/{name}.ts` into a directory: `{name}.mjs` and what it imports. */
export const buildFunction = (name: string, outdir: string) => bundle({ [name]: join(FUNCTIONS, `${name}.ts`) }, outdir)

/** Writes the bundles of files into a directory, by the names that they are to have there. */
export const bundle = (entryPoints: Record<string, string>, outdir: string) =>
  loadEsbuild().buildSync({ ...OPTIONS, entryPoints, outdir, metafile: true })

/** The published package holds bundles and needs no esbuild. */
const loadEsbuild = (): typeof import('esbuild') => createRequire(import.meta.url)('esbuild')

/** The bundle as a Lambda function's code, known by its content: the same sources are never uploaded twice. */
export function bundledFunction(name: string): Code {
  const bundle = join(FUNCTIONS, name)
  return existsSync(join(bundle, `${name}.mjs`)) ? Code.fromAsset(bundle) : bundledFromSource(name)
}

function bundledFromSource(name: string): Code {
  const tryBundle = (outdir: string): boolean => {
    buildFunction(name, outdir)
    return true
  }
  return Code.fromAsset(FUNCTIONS, {
    assetHashType: AssetHashType.OUTPUT,
    // An image has to be named, though `tryBundle` leaves it nothing to do; the command tells this asset from its siblings.
    bundling: { image: DockerImage.fromRegistry('scratch'), command: [name], local: { tryBundle } },
  })
}
