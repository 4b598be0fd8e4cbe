/**
 * `npm run build`: the published package in dist. JavaScript and types of what the package exports and of all that it
 * imports, in the same folders as here, and the bundles of functions and gateway beside them, so that nobody who deploys
 * needs esbuild.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildFunction } from '../bundle.ts'
import { buildGateway } from '../gateway-image.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const compiler = fileURLToPath(import.meta.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc'))
const project = ['--project', join(root, 'cdk/build/tsconfig.json')]
const { status } = spawnSync(process.execPath, [compiler, ...project], { stdio: 'inherit' })
// The compiler has said what is wrong.
if (status !== 0) process.exit(1)
for (const file of readdirSync(join(root, 'functions'))) {
  const name = basename(file, '.ts')
  buildFunction(name, join(dist, 'functions', name))
}
buildGateway(join(dist, 'cdk/gateway-image'))
