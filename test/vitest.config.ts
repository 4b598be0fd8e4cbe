import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where the integration suite of this run leaves what it has recorded, and `privileges` finds it. */
const LEVERET_RECORDINGS = join(tmpdir(), `leveret-recordings-${process.pid}`)

/** Vitest runs one order after the other. Where there is a single worker, what has no order of its own comes after all others. */
const AT_FIRST = { groupOrder: 1 }
const AT_LAST = { groupOrder: 2 }

/**
 * unit: pure rooms and their property tests. integration: the embedded cloud, through the front door.
 * privileges: what integration recorded, against the synthesised roles; after it, in the same run.
 * localstack: the same stories, and a few more, to a broker that is deployed there; test/localstack/run.ts runs it.
 * published: the packed package in projects of its own.
 * differential: beside a real RabbitMQ (RABBITMQ_HTTP); never part of `npm test`.
 * clients: programs of RabbitMQ's clients in several languages, fetched from their registries; never part of `npm test`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          root,
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/integration/**',
            'test/published/**',
            'test/differential/**',
            'test/clients/**',
            'test/localstack/stories/**',
            'test/privileges/recorded.test.ts',
            '**/node_modules/**',
          ],
          // Property tests run thousands of cases; a machine with much to do may take its time.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: AT_FIRST,
        },
      },
      {
        test: {
          name: 'integration',
          root,
          include: ['test/integration/**/*.test.ts'],
          setupFiles: ['test/privileges/record-file.ts'],
          globalSetup: ['test/privileges/remove-recordings.ts'],
          env: { LEVERET_RECORDINGS },
          sequence: AT_FIRST,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'privileges',
          root,
          include: ['test/privileges/recorded.test.ts'],
          env: { LEVERET_RECORDINGS },
          sequence: AT_LAST,
        },
      },
      {
        test: {
          name: 'localstack',
          root,
          include: ['test/integration/**/*.test.ts', 'test/localstack/stories/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'published',
          root,
          include: ['test/published/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'differential',
          root,
          include: ['test/differential/**/*.test.ts'],
          testTimeout: 1_200_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'clients',
          root,
          include: ['test/clients/**/*.test.ts'],
          globalSetup: ['test/clients/set-up.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
