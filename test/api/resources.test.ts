import { describe, expect, test } from 'vitest'
import { createApi } from '../../lib/api/app.ts'
import { consumeRoutes } from '../../lib/api/consume-routes.ts'
import { PRODUCT_VERSION } from '../../lib/api/identity.ts'
import { manageRoutes } from '../../lib/api/manage-routes.ts'
import { describeApi } from '../../lib/api/openapi.ts'
import { publishRoutes } from '../../lib/api/publish-routes.ts'
import { RESOURCES } from '../../lib/api/resources.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { useApi } from './support/client.ts'

const client = useApi()

/** `GET /overview` and the like, of what a function serves. */
const routesOf = (routes: typeof manageRoutes): string[] =>
  createApi(client.broker, routes)
    .routes.filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)

const listed = Object.entries(RESOURCES).flatMap(([path, methods]) => methods.map((method) => `${method} ${path}`))

describe('the table of resources', () => {
  test('holds what the three functions serve, each once, and nothing else', () => {
    const served = [publishRoutes, consumeRoutes, manageRoutes].flatMap(routesOf)
    expect(served.toSorted()).toEqual(listed.toSorted())
  })

  test('gives publish and consume the POSTs of exchanges and queues, and manage the rest', () => {
    for (const route of routesOf(publishRoutes)) expect(route).toMatch(/^POST \/exchanges\//)
    for (const route of routesOf(consumeRoutes)) expect(route).toMatch(/^POST \/queues\//)
    for (const route of routesOf(manageRoutes)) expect(route).not.toMatch(/^POST \/(exchanges|queues)\//)
  })

  test('is what tells a missing resource from a missing method, whichever function is asked', async () => {
    const missing = { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } }
    expect(await client.call('GET', '/nope')).toMatchObject(missing)
    expect(await client.call('GET', '/queues/%2F/q/nope')).toMatchObject(missing)
    const refused = { status: 405, body: { error: 'method_not_allowed' } }
    expect(await client.call('PUT', '/queues/%2F')).toMatchObject({
      ...refused,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    })
    expect(await client.call('POST', '/queues/%2F/q', {})).toMatchObject({
      ...refused,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS, PUT' },
    })
    expect(await client.call('GET', '/exchanges/%2F/x/publish')).toMatchObject({
      ...refused,
      headers: { allow: 'OPTIONS, POST' },
    })
    expect(await client.call('PUT', '/bindings/%2F/e/x/q/q/k', {})).toMatchObject({
      ...refused,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS' },
    })
  })

  test('OPTIONS names the methods and needs no credentials', async () => {
    const answer = await client.call('OPTIONS', '/queues/%2F/q', undefined, { as: null })
    expect(answer).toMatchObject({ status: 200, headers: { allow: 'DELETE, GET, HEAD, OPTIONS, PUT' } })
  })

  test('HEAD answers as GET does, without the body', async () => {
    expect(await client.call('HEAD', '/overview')).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-type': 'application/json' },
    })
    expect(await client.call('HEAD', '/queues/%2F/nope')).toMatchObject({ status: 404, text: '' })
    expect(await client.call('HEAD', '/queues/%2F/q/get')).toMatchObject({ status: 405 })
  })
})

describe('the description of the API', () => {
  test('is open to all and holds every operation once', async () => {
    const { status, body } = await client.call('GET', '/openapi.json', undefined, { as: null })
    expect(status).toBe(200)
    const { openapi, paths } = body as {
      openapi: string
      paths: Record<string, Record<string, { operationId?: string }>>
    }
    expect(openapi).toBe('3.1.0')
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path.replace(/\{([a-z]+)\}/g, ':$1')}`),
    )
    expect(described.toSorted()).toEqual(listed.toSorted())
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => operationId ?? []),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('refers to nothing that it does not hold', () => {
    const document = JSON.parse(JSON.stringify(describeApi()))
    const references = Array.from(JSON.stringify(document).matchAll(/"#\/([^"]+)"/g), ([, path = '']) => path)
    expect(references.length).toBeGreaterThan(100)
    for (const path of new Set(references)) {
      const target = path.split('/').reduce((value, name) => value?.[name], document)
      expect(target, path).toBeDefined()
    }
  })

  test('tells the version of the package', () => {
    expect(PRODUCT_VERSION).toBe(packageJson.version)
  })
})
