import type { Api } from './env.ts'

export function definitionRoutes(_api: Api): void {}
