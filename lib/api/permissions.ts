import type { Api } from './env.ts'

export function permissionRoutes(_api: Api): void {}
