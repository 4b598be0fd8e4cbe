import { rmSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { recordingsDirectory } from './recorder.ts'

let directory: string | undefined

export function setup({ config }: TestProject): void {
  directory = recordingsDirectory(config.env as Record<string, string>)
}

/** When all has run, nothing that was recorded is left behind. */
export function teardown(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
}
