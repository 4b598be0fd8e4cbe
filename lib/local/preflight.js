/*
 * Runs before main.ts, under whatever Node the shell found. Any Node from 12 on must be able to parse and run it, so it
 * keeps to old syntax and imports nothing.
 */
const needed = [24, 0]
const found = process.versions.node.split('.').map(Number)

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  console.error(
    [
      `Leveret needs Node.js ${needed.join('.')} or newer; this is ${process.versions.node}.`,
      '',
      'On Linux x64 the project brings its own: run `npm ci` (without --omit=optional), then `npm start`.',
      'Elsewhere install Node.js 24 from https://nodejs.org, or with a version manager:',
      '  nvm install 24 && nvm use 24',
      'then run `npm start` again.',
    ].join('\n'),
  )
  process.exit(1)
}
