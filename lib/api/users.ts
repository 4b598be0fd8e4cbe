import type { Api } from './env.ts'

export function userRoutes(_api: Api): void {}
