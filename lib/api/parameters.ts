import type { Api } from './env.ts'

export function parameterRoutes(_api: Api): void {}
