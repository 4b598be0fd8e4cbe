/** What the API answers, for `toMatchObject`. */
export const NOT_FOUND = { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } }
export const VHOST_NOT_FOUND = { status: 404, body: { error: 'not_found', reason: 'vhost_not_found' } }

export const badRequest = (reason: unknown) => ({ status: 400, body: { error: 'bad_request', reason } })
export const refused = (reason: string) => ({ status: 401, body: { error: 'not_authorised', reason } })

/** For the resources that take JSON only if it says so. */
export const AS_JSON = { headers: { 'content-type': 'application/json; charset=utf-8' } }
