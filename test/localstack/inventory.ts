import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type Address, callForJson, clientConfig, functionNames, queueUrls } from './aws-calls.ts'
import type { Site } from './deployment.ts'

/**
 * What conformance suites leave behind, and the log groups that LocalStack makes: it writes what functions say into
 * groups of its own naming, whatever group they are given.
 */
const NOT_OURS = /^[a-z ]+\/(conformance-|\/aws\/lambda\/)/

/** `kind/name` of everything that a broker may leave behind, sorted. Lists are read to a thousand or their first page. */
async function inventory(address: Address): Promise<string[]> {
  const lists = await Promise.all(
    Object.entries(LISTS).map(async ([kind, list]) => (await list(address)).map((name) => `${kind}/${name}`)),
  )
  return lists
    .flat()
    .filter((name) => !NOT_OURS.test(name))
    .sort()
}

const rememberedFile = ({ directory }: Site): string => join(directory, 'inventory.json')

/** Writes down what is there before the broker is. */
export async function rememberInventory(site: Site): Promise<void> {
  writeFileSync(rememberedFile(site), JSON.stringify(await inventory(site)))
}

/** What has come since it was written down. */
export async function leftovers(site: Site): Promise<string[]> {
  const before = new Set(JSON.parse(readFileSync(rememberedFile(site), 'utf8')) as string[])
  return (await inventory(site)).filter((name) => !before.has(name))
}

const LISTS: Readonly<Record<string, (address: Address) => Promise<(string | undefined)[]>>> = {
  queue: async (address) => (await queueUrls(address)).map((url) => url.slice(url.lastIndexOf('/') + 1)),
  function: functionNames,
  table: async (address) => {
    const client = new DynamoDBClient(clientConfig(address))
    const { TableNames = [] } = await client.send(new ListTablesCommand()).finally(() => client.destroy())
    return TableNames
  },
  bucket: async (address) => {
    const client = new S3Client({ ...clientConfig(address), forcePathStyle: true })
    const { Buckets = [] } = await client.send(new ListBucketsCommand()).finally(() => client.destroy())
    return Buckets.map(({ Name }) => Name)
  },
  secret: async (address) => {
    const client = new SecretsManagerClient(clientConfig(address))
    const { SecretList = [] } = await client.send(new ListSecretsCommand()).finally(() => client.destroy())
    return SecretList.map(({ Name }) => Name)
  },
  api: async (address) => {
    const { item = [] } = (await callForJson(address, 'apigateway', '/restapis?limit=500')) as {
      item?: { name: string }[]
    }
    return item.map(({ name }) => name)
  },
  'event source': async (address) => {
    const path = '/2015-03-31/event-source-mappings/'
    const { EventSourceMappings } = (await callForJson(address, 'lambda', path)) as {
      EventSourceMappings: { EventSourceArn: string }[]
    }
    return EventSourceMappings.map(({ EventSourceArn }) => EventSourceArn)
  },
  rule: async (address) => {
    const { Rules } = (await callByTarget(address, 'events', 'AWSEvents.ListRules')) as { Rules: { Name: string }[] }
    return Rules.map(({ Name }) => Name)
  },
  'log group': async (address) => {
    const { logGroups } = (await callByTarget(address, 'logs', 'Logs_20140328.DescribeLogGroups')) as {
      logGroups: { logGroupName: string }[]
    }
    return logGroups.map(({ logGroupName }) => logGroupName)
  },
}

const callByTarget = (address: Address, service: string, target: string): Promise<unknown> =>
  callForJson(address, service, '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: '{}',
  })
