import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { App } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { propsFromContext } from '../cdk/context.ts'
import { resourcesOf, synthesise } from './cdk/synthesised.ts'
import { breakEven, costTables, readInputs } from './docs/cost-model.ts'
import { codeIn, headingsOf, localLinks, pages, read, section, tableIn } from './docs/markdown.ts'

const template = synthesise()
const root = fileURLToPath(new URL('..', import.meta.url))
const numbersIn = (text: string): number[] =>
  Array.from(text.replaceAll(',', '').matchAll(/\d+(?:\.\d+)?/g), ([number]) => Number(number))

interface AlarmProperties {
  readonly AlarmDescription: string
  readonly Metrics?: readonly { readonly MetricStat?: object }[]
}

const alarms = Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(
  ({ Properties }) => Properties as unknown as AlarmProperties,
)

/** Of the functions by their names: publish, consume and so on. */
function byFunction(type: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const named = Object.entries(resourcesOf(template, type)).flatMap(([id, { Properties }]) => {
    const [, name] = /^Broker([A-Z][a-z]+)(?:Function|Role)/.exec(id) ?? []
    return name === undefined ? [] : [[name.toLowerCase(), Properties] as const]
  })
  return new Map(named)
}

describe('every page', () => {
  test.each(pages())('%s leads to files and headings that exist', (page) => {
    const broken = localLinks(page).filter((link) => {
      const [path = '', anchor] = link.split('#')
      if (!existsSync(root + path)) return true
      return anchor !== undefined && !headingsOf(read(path)).some((heading) => heading.anchor === anchor)
    })
    expect(broken).toEqual([])
  })

  test.each(pages())('%s names scripts of npm that exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = Array.from(read(page).matchAll(/npm run ([\w:-]+)/g), ([, name = '']) => name)
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })
})

describe('docs/cost.md', () => {
  const page = read('docs/cost.md')
  const input = readInputs(page)
  const alarmMetrics = alarms.reduce(
    (sum, { Metrics }) => sum + (Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1),
    0,
  )

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
})

describe('docs/operations.md', () => {
  test('has a section for each alarm, and for nothing else among them', () => {
    const chapter = section(read('docs/operations.md'), 'Alarms')
    const sections = headingsOf(chapter).map(({ anchor }) => `docs/operations.md#${anchor}`)
    const linked = alarms.map(({ AlarmDescription }) => AlarmDescription.split(' ').at(-1))
    expect(sections.sort()).toEqual(linked.sort())
  })

  test('names each alarm as the stack does', () => {
    const chapter = section(read('docs/operations.md'), 'Alarms')
    const ids = headingsOf(chapter).map(({ text }) => codeIn(section(chapter, text))[0] ?? '')
    const logicalIds = Object.keys(resourcesOf(template, 'AWS::CloudWatch::Alarm'))
    expect(ids.filter((id) => !logicalIds.some((logicalId) => logicalId.startsWith(`Broker${id}`)))).toEqual([])
    expect(new Set(ids).size).toBe(logicalIds.length)
  })
})

describe('docs/deploy.md', () => {
  const page = read('docs/deploy.md')

  test('has all settings, and no other', () => {
    const ask = () => propsFromContext(new App({ context: { 'leveret:none': '' } }))
    const known = (() => {
      try {
        ask()
      } catch (error) {
        return Array.from(String(error).matchAll(/leveret:\w+/g), ([name]) => name)
      }
      return []
    })().filter((name) => name !== 'leveret:none')
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

describe('docs/security.md', () => {
  const page = read('docs/security.md')

  test('names tests that exist', () => {
    const tested = page.split('\n\n').filter((paragraph) => paragraph.startsWith('Tested:'))
    expect(tested.length).toBeGreaterThan(10)
    const missing = tested.flatMap((paragraph) => {
      let file = ''
      return Array.from(paragraph.replace(/\s+/g, ' ').matchAll(/`(test\/[^`]+)`|“([^”]+)”/g)).flatMap(
        ([, path, title = '']) => {
          if (path !== undefined) file = path
          const isThere = existsSync(root + file) && titlesIn(file).includes(title)
          return path !== undefined || isThere ? [] : [`${file}: ${title}`]
        },
      )
    })
    expect(missing).toEqual([])
  })

  test('says what each function may do', () => {
    const roles = new Map(
      [...byFunction('AWS::IAM::Role')].map(([name, properties]) => [name, actionsOf(properties).join(' ')]),
    )
    const rows = tableIn(section(page, 'What each function may do'))
    expect(new Map(rows.map(([name = '', actions = '']) => [name, codeIn(actions).join(' ')]))).toEqual(roles)
  })

  test('names the packages that run in production', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const said = tableIn(section(page, 'Dependencies')).flatMap(([names = '']) => codeIn(names))
    expect(said.sort()).toEqual(Object.keys(dependencies).sort())
  })
})

/** The quoted texts of a test file that are titles, as they are written there. */
const titlesIn = (file: string): string[] =>
  Array.from(
    read(file).matchAll(/\b(?:test|it)(?:\.\w+)?(?:<[^(]*>)?\([^'"`]*?(['"`])((?:(?!\1).)+)\1/gs),
    ([, , title = '']) => title,
  )

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
