import type { Row } from './row.ts'
import { topicMatch } from './rows/06-topic-match.ts'
import { headersMatch } from './rows/07-headers-match.ts'
import { loading } from './rows/08-loading.ts'

/** A new row is its own file and a line here. */
export const ROWS: readonly Row[] = [topicMatch, headersMatch, loading]
