import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRabbitmqadmin } from './rabbitmqadmin.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rabbitmqadmin-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const search = () => findRabbitmqadmin(`/nowhere:${directory}`)

test('version 1 of rabbitmqadmin, a Python script, is found in the path', () => {
  expect(search()).toBeUndefined()
  const script = join(directory, 'rabbitmqadmin')
  writeFileSync(script, '#! /usr/bin/python3\n')
  expect(search()).toBe(script)
})

test('version 2, which has other options, is not taken for it', () => {
  writeFileSync(join(directory, 'rabbitmqadmin'), '\x7fELF')
  expect(search()).toBeUndefined()
})
