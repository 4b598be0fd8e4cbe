/** One JSON token, white space before it left out: punctuation, a string, or a number or word. */
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true|false|null))/y

const SPACE = /[ \t\r\n]*/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or the end' | 'nothing more'

/** What may follow a token, by what was expected before it. */
type Step = (expected: Expected, open: ('{' | '[')[]) => Expected | undefined

/**
 * Where a text stops being JSON, for people: `JSON.parse` does not always say. Undefined where it is JSON all through.
 * Lines and columns count from 1.
 */
export function locateJsonError(text: string): { readonly line: number; readonly column: number } | undefined {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let offset = 0
  for (;;) {
    TOKEN.lastIndex = offset
    const match = TOKEN.exec(text)
    if (match === null) break
    const next: Expected | undefined = stepFor(match)(expected, open)
    if (next === undefined) break
    expected = next
    offset = TOKEN.lastIndex
  }
  SPACE.lastIndex = offset
  SPACE.exec(text)
  offset = SPACE.lastIndex
  return expected === 'nothing more' && offset === text.length ? undefined : placeOf(text, offset)
}

const afterValue = (open: readonly string[]): Expected => (open.length === 0 ? 'nothing more' : ', or the end')

const takesValue = (expected: Expected): boolean => expected === 'value' || expected === 'value or ]'

const takesKey = (expected: Expected): boolean => expected === 'key' || expected === 'key or }'

function stepFor([, mark, string]: RegExpExecArray): Step {
  if (mark !== undefined) return MARKS[mark] ?? (() => undefined)
  if (string === undefined) return scalar
  return (expected, open) => (takesKey(expected) ? ':' : scalar(expected, open))
}

const scalar: Step = (expected, open) => (takesValue(expected) ? afterValue(open) : undefined)

const MARKS: Readonly<Record<string, Step>> = {
  '{': opening('{', 'key or }'),
  '[': opening('[', 'value or ]'),
  '}': closing('{', 'key or }'),
  ']': closing('[', 'value or ]'),
  ':': (expected) => (expected === ':' ? 'value' : undefined),
  ',': (expected, open) => (expected === ', or the end' ? (open.at(-1) === '{' ? 'key' : 'value') : undefined),
}

function opening(bracket: '{' | '[', next: Expected): Step {
  return (expected, open) => {
    if (!takesValue(expected)) return undefined
    open.push(bracket)
    return next
  }
}

function closing(bracket: '{' | '[', whenEmpty: Expected): Step {
  return (expected, open) => {
    if (open.at(-1) !== bracket || (expected !== whenEmpty && expected !== ', or the end')) return undefined
    open.pop()
    return afterValue(open)
  }
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
