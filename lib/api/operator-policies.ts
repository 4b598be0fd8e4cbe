import type { Api } from './env.ts'

export function operatorPolicyRoutes(_api: Api): void {}
