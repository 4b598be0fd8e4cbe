import type { Api } from './env.ts'

export function topicPermissionRoutes(_api: Api): void {}
