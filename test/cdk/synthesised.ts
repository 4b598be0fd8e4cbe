import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll, vi } from 'vitest'
import { LeveretStack, type LeveretStackProps } from '../../cdk/leveret-stack.ts'

/** The first synthesis of a process takes a while. */
vi.setConfig({ testTimeout: 60_000 })

/** Where the tests of a file synthesise to. */
const root = mkdtempSync(join(tmpdir(), 'leveret-cdk-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

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

/** An app as `cdk.json` makes it, and with this context as well. */
export function newApp(more: Readonly<Record<string, unknown>> = {}): App {
  const outdir = mkdtempSync(join(root, 'cdk.out-'))
  return new App({ outdir, analyticsReporting: false, context: { ...context, ...UNBUNDLED, ...more } })
}

/** A stack that can still be added to. */
export function newStack(props: LeveretStackProps = {}): Synthesised {
  const app = newApp()
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
