/**
 * A program: loads the bundle of a function and calls it once with the event that is in a file, as a new environment of
 * Lambda does. Prints the milliseconds from before the load until after the answer: by the wall, and of CPU.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [bundle = '', eventFile = ''] = process.argv.slice(2)
const event = JSON.parse(readFileSync(eventFile, 'utf8'))
const startMs = performance.now()
const start = process.cpuUsage()
const { handler } = await import(pathToFileURL(bundle).href)
const { statusCode, body } = await handler(event)
const { user, system } = process.cpuUsage(start)
if (statusCode !== 200) throw new Error(`${statusCode} ${body}`)
console.log(JSON.stringify({ wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 }))
process.exit(0)
