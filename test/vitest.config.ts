import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * unit: pure rooms and their property tests. integration: the embedded cloud, through the front door.
 * localstack: the same stories, and a few more, to a broker that is deployed there; test/localstack/run.ts runs it.
 * published: the packed package in projects of its own.
 * differential: beside a real RabbitMQ (RABBITMQ_HTTP); never part of `npm test`.
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
            'test/localstack/**',
            '**/node_modules/**',
          ],
        },
      },
      {
        test: {
          name: 'integration',
          root,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'localstack',
          root,
          include: ['test/integration/**/*.test.ts', 'test/localstack/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
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
          testTimeout: 600_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
