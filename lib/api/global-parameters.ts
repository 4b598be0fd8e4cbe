import type { Api } from './env.ts'

export function globalParameterRoutes(_api: Api): void {}
