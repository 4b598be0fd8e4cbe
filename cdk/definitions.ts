import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import type { Construct } from 'constructs'
import { BrokerError } from '../lib/model/errors.ts'
import { accessMachine } from '../lib/topology/access/machine.ts'
import { NO_DEFINITIONS, type Definitions as ParsedDefinitions } from '../lib/topology/definitions/definitions.ts'
import { parseDefinitionsText } from '../lib/topology/definitions/file.ts'
import { parseDefinitions } from '../lib/topology/definitions/parse.ts'
import { rehearse } from '../lib/topology/definitions/rehearse.ts'
import { importSteps } from '../lib/topology/definitions/steps.ts'
import { assertKnown } from './app-topology.ts'

export interface DefinitionsOptions {
  /**
   * The vhost that the definitions are of, where they are of one: RabbitMQ exports such files without vhosts in them.
   *
   * @default - the definitions are of a whole broker
   */
  readonly vhost?: string
}

/** A definitions file of RabbitMQ, checked as far as it can be without the broker that it is for. */
export class Definitions {
  /** The file, which is read now and uploaded with the app. Throws an Error that says what is wrong with it. */
  static fromAsset(path: string, options: DefinitionsOptions = {}): Definitions {
    return new Definitions(path, readFileSync(path, 'utf8'), () => path, options)
  }

  /** What would be in the file, as an object. Throws an Error that says what is wrong with it. */
  static fromInline(definitions: object, options: DefinitionsOptions = {}): Definitions {
    const text = JSON.stringify(definitions)
    assertKnown('definitions', definitions)
    return new Definitions('definitions', text, () => temporaryFile(text), options)
  }

  readonly vhost: string | undefined
  /** What of the file has no place in this broker and is passed over. */
  readonly warnings: readonly string[]
  readonly #pathOf: () => string

  private constructor(what: string, text: string, pathOf: () => string, { vhost }: DefinitionsOptions) {
    this.vhost = vhost
    this.warnings = check(what, text, vhost).warnings
    this.#pathOf = pathOf
  }

  /** @internal */
  toAsset(scope: Construct, id: string): Asset {
    return new Asset(scope, id, { path: this.#pathOf() })
  }
}

function temporaryFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'leveret-definitions-')), 'definitions.json')
  writeFileSync(path, text)
  return path
}

function check(what: string, text: string, vhost: string | undefined): ParsedDefinitions {
  try {
    const definitions = parseDefinitions(parseDefinitionsText(text), vhost === undefined ? {} : { vhost })
    rehearseContents(definitions)
    return definitions
  } catch (error) {
    throw error instanceof BrokerError ? new Error(`Leveret cannot import ${what}: ${error.message}`) : error
  }
}

/**
 * On an empty broker. What may refer to something that the real one has already is left to the deployment: users,
 * permissions, and bindings, whose ends need not be in the file.
 */
function rehearseContents({ vhosts, contents }: ParsedDefinitions): void {
  const named = new Set(vhosts.map(({ name }) => name))
  const others = [...contents.keys()].filter((name) => !named.has(name)).map((name) => ({ name }))
  const withoutBindings = Array.from(contents, ([name, content]) => [name, { ...content, bindings: [] }] as const)
  let minted = 0
  const maker = { user: '', mintId: () => String(minted++) }
  const definitions = { ...NO_DEFINITIONS, vhosts: [...vhosts, ...others], contents: new Map(withoutBindings) }
  rehearse(importSteps(definitions, [], maker), { access: accessMachine.initial(), vhosts: [] }, maker)
}
