import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, type RunnerTask, type RunnerTestFile } from 'vitest'
import { recordingsDirectory, writeRecording } from './recorder.ts'

/** Before the tests of each file of the integration suite; writes what they made the functions do when they have ended. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const directory = recordingsDirectory()
let file: RunnerTestFile | undefined

beforeEach(({ task }) => {
  file = task.file as RunnerTestFile
})

// Registered before those of the tests, and so called after them.
afterAll(() => {
  if (directory === undefined || file === undefined) return
  writeRecording(directory, { testFile: relative(root, file.filepath), isWhole: hasPassed(file) })
})

const hasPassed = (task: RunnerTask): boolean =>
  'tasks' in task ? task.tasks.every(hasPassed) : task.mode === 'todo' || task.result?.state === 'pass'
