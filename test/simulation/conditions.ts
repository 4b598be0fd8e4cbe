import { type Faults, NO_FAULTS } from '../support/sim-store.ts'
import type { SimWorld } from '../support/sim-world.ts'
import { type NetworkFaults, NO_NETWORK_FAULTS } from './network.ts'
import { type Looseness, STRICT } from './sqs/sim-queue.ts'

/** What one seed makes of the world. */
export interface Conditions {
  /** Otherwise nothing ever fails. */
  readonly isFaulty: boolean
  readonly vhostCount: number
  readonly environmentCount: number
  readonly clientCount: number
  readonly leaseMs: number
  readonly network: NetworkFaults
  readonly journal: Faults
  readonly looseness: Looseness
  readonly troubles: (typeof TROUBLES)[number]
  /** The longest that an SQS queue is out, ms; 0 is never. */
  readonly longestOutageMs: number
  /** Over how long the items of one transaction become visible. */
  readonly spreadMs: number
  /** How far a wall clock may be from the true time, at worst. */
  readonly wallErrorMs: number
  /** The limit of the queues' deliveries; 0 is none. */
  readonly deliveryLimit: number
  /** How long clients go on, and how long they think at most between two calls. */
  readonly durationMs: number
  readonly longestThoughtMs: number
  readonly profile: Profile
}

const TROUBLES = ['none', 'freezes', 'wall steps', 'freezes and wall steps'] as const

/** What clients do most. */
export type Profile = (typeof PROFILES)[number]
const PROFILES = [
  'everything',
  'consume',
  'reject',
  'circles',
  'topology',
  'batches',
  'delays',
  'duplicates',
  'policies',
] as const

/** Steps of wall clocks accumulate, so an error is bounded by where they step to. */
export const CLOCK_ERRORS_MS = [0, 20, 2000] as const

export const NO_TROUBLE = { network: NO_NETWORK_FAULTS, journal: NO_FAULTS, looseness: STRICT } as const

export function drawConditions(world: SimWorld): Conditions {
  const isFaulty = world.chance(0.85)
  const often = (most: number) => (isFaulty && world.chance(0.6) ? world.between(0, most) : 0)
  const crash = often(0.004)
  const longestHopMs = world.pick([2, 10, 80])
  return {
    isFaulty,
    vhostCount: world.pick([1, 1, 2]),
    environmentCount: 2 + Math.floor(world.between(0, 2)),
    clientCount: 2 + Math.floor(world.between(0, 4)),
    leaseMs: world.pick([0, 150, 1000]),
    network: {
      lost: often(0.04),
      late: often(0.04),
      unanswered: often(0.04),
      throttled: often(0.15),
      failed: often(0.1),
      crash,
      entryFailed: often(0.15),
      longestHopMs,
    },
    journal: {
      lost: often(0.04),
      late: often(0.04),
      unanswered: often(0.04),
      throttled: often(0.06),
      crash,
      longestHopMs,
      timeoutMs: 1000,
    },
    looseness: {
      duplicates: often(0.08),
      ghosts: often(0.03),
      staleDeletes: 0.5,
      misses: world.pick([0, 0.3]),
      reorders: world.chance(0.8),
    },
    troubles: isFaulty ? world.pick(TROUBLES) : 'none',
    longestOutageMs: isFaulty ? world.pick([0, 2000, 20_000]) : 0,
    spreadMs: world.pick([0, 5, 60]),
    wallErrorMs: world.pick(CLOCK_ERRORS_MS),
    deliveryLimit: world.pick([0, 0, 3, 8]),
    durationMs: world.between(10_000, 60_000),
    longestThoughtMs: world.pick([300, 1500, 4000]),
    profile: world.pick(PROFILES),
  }
}
