import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A file of the project, its path from the root. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** What people read first and what it links to, decisions included. */
export const pages = (): string[] => ['README.md', 'CHANGELOG.md', ...markdownIn('docs'), ...markdownIn('docs/adr')]

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)

export interface Heading {
  readonly level: number
  readonly text: string
  /** As GitHub makes it of the text: what links name. */
  readonly anchor: string
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

export const headingsOf = (text: string): Heading[] =>
  Array.from(withoutCode(text).matchAll(/^(#+) (.+)$/gm), ([, marks = '', title = '']) => ({
    level: marks.length,
    text: title,
    anchor: anchorOf(title),
  }))

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** What is below a heading, up to the next one of its level or above. Throws where there is no such heading. */
export function section(text: string, heading: string): string {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && line.startsWith('#'))
  if (start < 0) throw new Error(`there is no heading '${heading}'`)
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 0
  const length = lines
    .slice(start + 1)
    .findIndex((line) => /^#+ /.test(line) && (/^#+/.exec(line)?.[0].length ?? 0) <= level)
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The cells of the first table in a text, without its head. */
export function tableIn(text: string): string[][] {
  const rows = text.split('\n')
  const first = rows.findIndex((line) => line.startsWith('|'))
  const table = rows.slice(first)
  const end = table.findIndex((line) => !line.startsWith('|'))
  return table.slice(2, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** Everything in backquotes. */
export const codeIn = (text: string): string[] => Array.from(text.matchAll(/`([^`\n]+)`/g), ([, code = '']) => code)

/** The links of a page that lead to files of the project, as `path` or `path#anchor` from the root. */
export function localLinks(page: string): string[] {
  const links = withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)
  return Array.from(links, ([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => (target.startsWith('#') ? page + target : normalize(join(dirname(page), target))))
}
