import type { Api } from './env.ts'
import { PRODUCT_NAME, PRODUCT_VERSION } from './identity.ts'
import { DESCRIPTIONS, type Description } from './openapi-operations.ts'
import { SCHEMAS, type Schema } from './openapi-schemas.ts'
import { type Operation, RESOURCES } from './resources.ts'
import { json } from './respond.ts'

/** The API's own description, open to all: it holds nothing of anybody's (docs/api.md). */
export function openApiRoutes(api: Api): void {
  api.get('/openapi.json', (c) => json(c, describeApi()))
}

/** An OpenAPI 3.1 document of all resources. */
export const describeApi = (): Schema => ({
  openapi: '3.1.0',
  info: {
    title: `${PRODUCT_NAME}: RabbitMQ's management HTTP API`,
    version: PRODUCT_VERSION,
    description: 'Segments of a path are percent-encoded: the vhost / is %2F. The default exchange is amq.default.',
  },
  servers: [{ url: '/api' }],
  security: [{ basic: [] }, { token: [] }],
  paths: Object.fromEntries(
    Object.entries(RESOURCES).map(([path, methods]) => [template(path), pathItem(path, methods)]),
  ),
  components: {
    schemas: SCHEMAS,
    parameters: LIST_PARAMETERS,
    responses: { Error: { description: 'What is wrong', ...jsonContent({ $ref: '#/components/schemas/Error' }) } },
    securitySchemes: {
      basic: { type: 'http', scheme: 'basic' },
      token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Where the deployment takes tokens' },
    },
  },
})

const template = (path: string): string => path.replace(/:([a-z]+)/g, '{$1}')

function pathItem(path: string, methods: readonly string[]): Schema {
  const names = Array.from(path.matchAll(/:([a-z]+)/g), ([, name]) => name)
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const operations = methods.map((method) => {
    const operation = `${method} ${path}` as Operation
    return [method.toLowerCase(), describeOperation(operation, DESCRIPTIONS[operation])]
  })
  return { ...(parameters.length > 0 && { parameters }), ...Object.fromEntries(operations) }
}

/** Their answers are no JSON. */
const PLAIN: readonly Operation[] = ['GET /metrics']

const OPEN: readonly Operation[] = ['GET /openapi.json', 'GET /healthz']

function describeOperation(operation: Operation, [summary, body, answer]: Description): Schema {
  const isList = operation.startsWith('GET') && answer?.endsWith('[]')
  return {
    summary,
    operationId: operation.replace(/[^A-Za-z]+/g, '_'),
    ...(isList && { parameters: Object.keys(LIST_PARAMETERS).map(toParameterReference) }),
    ...(body && { requestBody: jsonContent(schemaOf(body)) }),
    responses: {
      '2XX': { description: 'Done', ...(answer && answerContent(operation, schemaOf(answer))) },
      default: { $ref: '#/components/responses/Error' },
    },
    ...(OPEN.includes(operation) && { security: [] }),
  }
}

const toParameterReference = (name: string): Schema => ({ $ref: `#/components/parameters/${name}` })

const answerContent = (operation: Operation, schema: Schema) =>
  PLAIN.includes(operation) ? { content: { 'text/plain': { schema } } } : jsonContent(schema)

const jsonContent = (schema: Schema) => ({ content: { 'application/json': { schema } } })

function schemaOf(content: string): Schema {
  if (!content.endsWith('[]')) return { $ref: `#/components/schemas/${content}` }
  return { type: 'array', items: schemaOf(content.slice(0, -2)) }
}

const query = (name: string, type: string, description: string): Schema => ({
  name,
  in: 'query',
  description,
  schema: { type },
})

const LIST_PARAMETERS: Readonly<Record<string, Schema>> = {
  sort: query('sort', 'string', 'A field to sort by; dots lead into objects'),
  sort_reverse: query('sort_reverse', 'boolean', 'Whether to turn the order round'),
  columns: query('columns', 'string', 'The fields to answer, with commas; dots lead into objects'),
  page: query('page', 'integer', 'From 1: answers this page in an object with counts'),
  page_size: query('page_size', 'integer', 'At most 500; 100 where it is left out'),
  name: query('name', 'string', 'With `page`: only objects whose name holds this, in any case'),
  use_regex: query('use_regex', 'boolean', 'Whether `name` is a regular expression'),
}
