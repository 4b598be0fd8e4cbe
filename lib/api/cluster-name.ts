import type { Api } from './env.ts'

export function clusterNameRoutes(_api: Api): void {}
