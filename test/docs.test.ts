import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { App } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { propsFromContext } from '../cdk/context.ts'
import { METRICS } from '../lib/metrics.ts'
import { resourcesOf, synthesise } from './cdk/synthesised.ts'
import { breakEven, costTables, readInputs } from './docs/cost-model.ts'
import { codeIn, headingsOf, localLinks, pages, read, section, tableIn } from './docs/markdown.ts'

const template = synthesise()
/** With all that a broker may have beside. */
const withAmqp = synthesise({ amqp: { newVpc: true, internal: true, withoutTls: true } })
const root = fileURLToPath(new URL('..', import.meta.url))
const numbersIn = (text: string): number[] =>
  Array.from(text.replaceAll(',', '').matchAll(/\d+(?:\.\d+)?/g), ([number]) => Number(number))

interface AlarmProperties {
  readonly AlarmDescription: string
  readonly Metrics?: readonly { readonly MetricStat?: object }[]
}

const alarmsOf = (of: typeof template): AlarmProperties[] =>
  Object.values(resourcesOf(of, 'AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as unknown as AlarmProperties,
  )

/** An alarm on one metric has it in itself. */
const metricCount = (alarms: readonly AlarmProperties[]): number =>
  alarms.reduce(
    (sum, { Metrics }) => sum + (Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1),
    0,
  )

const alarms = alarmsOf(template)
const allAlarms = alarmsOf(withAmqp)

/** Of the functions by their names: publish, dead-letter and so on. */
function byFunction(type: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const named = Object.entries(resourcesOf(template, type)).flatMap(([id, { Properties }]) => {
    const [, name] = /^Broker([A-Z][A-Za-z]+?)(?:Function|Role)/.exec(id) ?? []
    return name === undefined ? [] : [[kebabCase(name), Properties] as const]
  })
  return new Map(named)
}

const kebabCase = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()

describe('every page', () => {
  test('leads to files and headings that exist', () => {
    const broken = pages().flatMap((page) =>
      localLinks(page)
        .filter((link) => !leadsSomewhere(link))
        .map((link) => `${page} → ${link}`),
    )
    expect(broken).toEqual([])
  })

  test('names scripts of npm that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const missing = pages().flatMap((page) =>
      Array.from(read(page).matchAll(/npm run ([\w:-]+)/g), ([, name = '']) => name)
        .filter((name) => !Object.hasOwn(scripts, name))
        .map((name) => `${page}: npm run ${name}`),
    )
    expect(missing).toEqual([])
  })
})

function leadsSomewhere(link: string): boolean {
  const [path = '', anchor] = link.split('#')
  if (!existsSync(root + path)) return false
  return anchor === undefined || headingsOf(read(path)).some((heading) => heading.anchor === anchor)
}

describe('docs/cost.md', () => {
  const page = read('docs/cost.md')
  const input = readInputs(page)
  const alarmMetrics = metricCount(alarms)

  test.each(costTables(input, alarmMetrics))(
    'says what its inputs come to: $heading',
    ({ heading, decimals, rows }) => {
      const table = new Map(tableIn(section(page, heading)).map(([name = '', ...cells]) => [name, cells.join(' | ')]))
      const said = Object.fromEntries(
        Object.entries(rows).map(([name, figures]) => [
          name,
          numbersIn(table.get(name) ?? '').slice(0, figures.length),
        ]),
      )
      const computed = Object.fromEntries(
        Object.entries(rows).map(([name, figures]) => [
          name,
          figures.map((figure) => Number(figure.toFixed(decimals))),
        ]),
      )
      expect(said).toEqual(computed)
      expect([...table.keys()].sort()).toEqual(Object.keys(rows).sort())
    },
  )

  test('says when a broker by the hour costs the same', () => {
    const [sentence = ''] = /costs the same at about [^.]*messages a second/.exec(page) ?? []
    expect(numbersIn(sentence)).toEqual([1, 10, 100].map((size) => Math.round(breakEven(input, size))))
  })

  test('takes memory, lease and alarms from the stack', () => {
    for (const [name, { MemorySize }] of byFunction('AWS::Lambda::Function')) {
      if (name !== 'bootstrap') expect(input(`${name}-gb`), name).toBeCloseTo(Number(MemorySize) / 1024, 3)
    }
    const [environment] = [...byFunction('AWS::Lambda::Function').values()].map(({ Environment }) => Environment)
    const { Variables } = environment as { Variables: Record<string, string> }
    const marginMs = 50
    expect(input('lease-wait-ms')).toBe(Number(Variables.LEVERET_LEASE_MS) + marginMs)
    expect(page).toContain(`${alarmMetrics} metrics in ${alarms.length} alarms`)
  })

  test('takes what gateways are from the stack', () => {
    const [service] = Object.values(resourcesOf(withAmqp, 'AWS::ECS::Service'))
    const [task] = Object.values(resourcesOf(withAmqp, 'AWS::ECS::TaskDefinition'))
    const subnets = Object.keys(resourcesOf(withAmqp, 'AWS::EC2::Subnet'))
    const ownMetrics = metricCount(allAlarms) - alarmMetrics
    expect(['gateways', 'gateway-vcpu', 'gateway-gb', 'zones', 'gateway-alarm-metrics'].map(input)).toEqual([
      service?.Properties.DesiredCount,
      Number(task?.Properties.Cpu) / 1024,
      Number(task?.Properties.Memory) / 1024,
      subnets.length,
      ownMetrics,
    ])
    expect(page).toContain(`${ownMetrics} metrics in ${allAlarms.length - alarms.length} alarms`)
  })
})

describe('docs/operations.md', () => {
  test('has a section for each alarm, and for nothing else among them', () => {
    const chapter = section(read('docs/operations.md'), 'Alarms')
    const sections = headingsOf(chapter).map(({ anchor }) => `docs/operations.md#${anchor}`)
    const linked = allAlarms.map(({ AlarmDescription }) => AlarmDescription.split(' ').at(-1))
    expect(sections.sort()).toEqual(linked.sort())
  })

  test('names each alarm as the stack does', () => {
    const chapter = section(read('docs/operations.md'), 'Alarms')
    const ids = headingsOf(chapter).map(({ text }) => codeIn(section(chapter, text))[0] ?? '')
    const logicalIds = Object.keys(resourcesOf(withAmqp, 'AWS::CloudWatch::Alarm'))
    expect(ids.filter((id) => !logicalIds.some((logicalId) => logicalId.startsWith(`Broker${id}`)))).toEqual([])
    expect(new Set(ids).size).toBe(logicalIds.length)
  })
})

describe('docs/operations.md, metrics', () => {
  test('has all metrics with what they count, and no other', () => {
    const rows = tableIn(section(read('docs/operations.md'), 'Metrics'))
    expect(Object.fromEntries(rows.map(([name = '', counts]) => [codeIn(name)[0], counts]))).toEqual(METRICS)
  })
})

describe('docs/deploy.md', () => {
  const page = read('docs/deploy.md')

  test('has all settings, and no other', () => {
    const known = settings().filter((name) => name !== NO_SETTING)
    expect(known.length).toBeGreaterThan(3)
    const said = tableIn(section(page, 'Settings')).map(([name = '']) => codeIn(name)[0])
    expect(said.sort()).toEqual(known.sort())
  })

  test('has the outputs that the stack has', () => {
    const { Outputs } = template.toJSON() as { Outputs: Record<string, object> }
    const own = Object.keys(Outputs).filter((name) => !name.startsWith('Broker'))
    const said = tableIn(section(page, 'From an empty account to the first message')).flatMap(([names = '']) =>
      codeIn(names),
    )
    expect(said.sort()).toEqual(own.sort())
  })
})

const NO_SETTING = 'leveret:none'

/** The stack lists them all where it is given one that it does not know. */
function settings(): string[] {
  try {
    propsFromContext(new App({ context: { [NO_SETTING]: '' } }))
    return []
  } catch (error) {
    return Array.from(String(error).matchAll(/leveret:\w+/g), ([name]) => name)
  }
}

describe('docs/security.md', () => {
  const page = read('docs/security.md')

  test('names tests that exist', () => {
    const tested = page.split('\n\n').filter((paragraph) => paragraph.startsWith('Tested:'))
    expect(tested.length).toBeGreaterThan(10)
    const missing = tested.flatMap((paragraph) => {
      const [, ...files] = paragraph.replace(/\s+/g, ' ').split(/(?=`test\/)/)
      return files.flatMap((text) => {
        const file = codeIn(text)[0] ?? ''
        const titles = Array.from(text.matchAll(/“([^”]+)”/g), ([, title = '']) => title)
        return titles.filter((title) => !hasTitle(file, title)).map((title) => `${file}: ${title}`)
      })
    })
    expect(missing).toEqual([])
  })

  test('says what each function may do', () => {
    const gateway = Object.entries(resourcesOf(withAmqp, 'AWS::IAM::Role')).find(([id]) => /AmqpTaskRole/.test(id))
    const all = new Map([...byFunction('AWS::IAM::Role'), ['gateway', gateway?.[1].Properties ?? {}] as const])
    const roles = new Map([...all].map(([name, properties]) => [name, actionsOf(properties).join(' ')]))
    const rows = tableIn(section(page, 'What each function may do'))
    expect(new Map(rows.map(([name = '', actions = '']) => [name, codeIn(actions).join(' ')]))).toEqual(roles)
  })

  test('names the packages that run in production', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const said = tableIn(section(page, 'Dependencies')).flatMap(([names = '']) => codeIn(names))
    expect(said.sort()).toEqual(Object.keys(dependencies).sort())
  })
})

/** Titles are told from other text by the quotes around them. */
const hasTitle = (file: string, title: string): boolean =>
  existsSync(root + file) && ["'", '"', '`'].some((quote) => read(file).includes(quote + title + quote))

interface RoleProperties {
  readonly Policies?: readonly {
    readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | readonly string[] }[] }
  }[]
}

/** Without those for the function's own log. */
function actionsOf({ Policies = [] }: RoleProperties): string[] {
  const actions = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action))
  return [...new Set(actions)].filter((action) => !action.startsWith('logs:')).sort()
}
