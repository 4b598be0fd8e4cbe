import type { Api } from './env.ts'

export function userLimitRoutes(_api: Api): void {}
