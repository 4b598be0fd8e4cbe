import type { AmqpTable } from '../model/amqp-value.ts'
import { BrokerError, invalid } from '../model/errors.ts'
import { parseDefinitionsText } from '../topology/definitions/file.ts'
import { bodyText } from './body.ts'
import { mediaType, unsupportedMediaType } from './content-type.ts'
import type { ApiContext } from './env.ts'
import { header } from './session.ts'

/**
 * The definitions that a request brings: as its body, or as the field `file` of a form (contract §4.2); or the answer
 * where it brings them otherwise. Throws `invalid` for what is no JSON object. No body is an empty file.
 */
export async function definitionsFile(c: ApiContext): Promise<AmqpTable | Response> {
  const type = mediaType(c)
  if (type === 'application/json') return parseDefinitionsText(bodyText(c))
  if (type === 'multipart/form-data') return parseDefinitionsText(await formFile(c))
  return unsupportedMediaType()
}

async function formFile(c: ApiContext): Promise<string> {
  const file = (await formOf(c)).get('file')
  if (file === null) throw invalid('the form has no field file, which is where the definitions belong')
  return typeof file === 'string' ? file : file.text()
}

async function formOf(c: ApiContext): Promise<FormData> {
  const headers = { 'content-type': header(c, 'content-type') ?? '' }
  try {
    return await new Response(bodyText(c), { headers }).formData()
  } catch (error) {
    if (error instanceof BrokerError) throw error
    throw invalid('the body is not the form that its content type announces')
  }
}
