import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** RabbitMQ's package for Debian puts version 1, a Python script, into the path; version 2 is a program with other options. */
export function findRabbitmqadmin(searchPath = process.env.PATH ?? ''): string | undefined {
  const found = searchPath.split(':').map((directory) => join(directory, 'rabbitmqadmin'))
  return found.find((file) => existsSync(file) && /^#!.*python/.test(readFileSync(file, 'latin1').slice(0, 100)))
}
