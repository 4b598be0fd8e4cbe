import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type AppProps } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { vi } from 'vitest'
import { LeveretStack, type LeveretStackProps } from '../../cdk/leveret-stack.ts'

/** The first synthesis of a process takes a while. */
vi.setConfig({ testTimeout: 60_000 })

/** What `cdk.json` says of the CDK's ways, so that tests see the template that is deployed. */
const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Readonly<Record<string, unknown>>
}

/** Leaves functions unbundled: templates are the same but for the assets' hashes, and quicker to get. */
const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] }

export interface Synthesised {
  readonly app: App
  readonly stack: LeveretStack
}

/** A stack that can still be added to. What it writes is removed when the process ends. */
export function newStack(props: LeveretStackProps = {}, appProps: AppProps = {}): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'leveret-cdk-'))
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  const app = new App({
    outdir,
    analyticsReporting: false,
    ...appProps,
    context: { ...context, ...UNBUNDLED, ...appProps.context },
  })
  return { app, stack: new LeveretStack(app, 'Leveret', props) }
}

export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly DependsOn?: readonly string[]
}

export const synthesise = (props: LeveretStackProps['broker'] = {}): Template =>
  Template.fromStack(newStack({ broker: props }).stack)

/** Resources by their logical ids. */
export const resourcesOf = (template: Template, type?: string): Readonly<Record<string, Resource>> => {
  const { Resources } = template.toJSON() as { Resources: Record<string, Resource> }
  return Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => type === undefined || Type === type))
}
