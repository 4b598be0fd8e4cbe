import type { Api } from './env.ts'

export function vhostLimitRoutes(_api: Api): void {}
