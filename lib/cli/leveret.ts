#!/usr/bin/env node
// What the published package links as `leveret`. The preflight runs first, on whatever Node the shell has found.
import '../local/preflight.js'

void import('./main.ts')
