import type { Api } from './env.ts'

export function policyRoutes(_api: Api): void {}
