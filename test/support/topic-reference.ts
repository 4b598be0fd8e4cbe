/** Contract §3.3 word by word, with no thought for cost: what the trie is held against. */
export const matchesTopic = (pattern: string, key: string): boolean => matchesWords(words(pattern), words(key))

const words = (text: string): string[] => (text === '' ? [] : text.split('.'))

function matchesWords([first, ...pattern]: string[], key: string[]): boolean {
  if (first === undefined) return key.length === 0
  if (first === '#')
    return matchesWords(pattern, key) || (key.length > 0 && matchesWords([first, ...pattern], key.slice(1)))
  const [word, ...rest] = key
  return word !== undefined && (first === '*' || first === word) && matchesWords(pattern, rest)
}
