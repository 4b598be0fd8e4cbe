import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function makeProgram(): string {
  const program = join(temporaryDirectory(), 'dynoxide')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  return program
}

describe('the search for dynoxide', () => {
  it('ends with DYNOXIDE_BIN where that is set', () => {
    const program = makeProgram()
    expect(findDynoxide({ dynoxideBin: program })).toBe(program)
  })

  it('does not look elsewhere where DYNOXIDE_BIN is wrong', () => {
    const missing = join(temporaryDirectory(), 'missing')
    expect(() => findDynoxide({ dynoxideBin: missing, searchPath: makeProgram() })).toThrow(/DYNOXIDE_BIN/)
  })

  it.runIf(process.platform === 'linux' && process.arch === 'x64')('finds the package of this platform', () => {
    expect(findDynoxide({})).toMatch(/@dynoxide.linux-x64.dynoxide$/)
  })
})
