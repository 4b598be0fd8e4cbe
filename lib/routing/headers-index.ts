import { type Binding, bindingKey } from '../model/binding.ts'
import type { BindingIndex, RoutableMessage } from './exchange-type.ts'
import { type Criterion, type HeaderCriteria, HeaderTexts, parseHeaderCriteria } from './header-criteria.ts'

/** A binding with at least one criterion. */
interface Candidate extends HeaderCriteria {
  readonly binding: Binding
  /** Where it is looked up: under each criterion if any may hold, under one of them if all must. */
  readonly lookups: readonly Criterion[]
}

/**
 * The bindings of a headers exchange by their criteria (contract §3.4). A message meets only candidates that it fulfils
 * a criterion of, however many bindings there are; those are then checked as a whole.
 */
export class HeadersIndex implements BindingIndex {
  /** Bindings without criteria, all of which hold. */
  private readonly unconditional = new Map<string, Binding>()
  private readonly candidates = new Map<string, Candidate>()
  /** Candidates by header, then by the value to equal (undefined: presence is enough). No empty map or set is kept. */
  private readonly lookups = new Map<string, Map<string | undefined, Set<Candidate>>>()

  add(binding: Binding): void {
    const { quantifier, criteria } = parseHeaderCriteria(binding.arguments)
    const key = bindingKey(binding)
    if (criteria.length === 0) {
      if (quantifier === 'all') this.unconditional.set(key, binding)
      return
    }
    const lookups = quantifier === 'any' ? criteria : [this.mostSelective(criteria)]
    const candidate = { binding, quantifier, criteria, lookups }
    this.candidates.set(key, candidate)
    for (const lookup of lookups) this.addLookup(lookup, candidate)
  }

  remove(binding: Binding): void {
    const key = bindingKey(binding)
    this.unconditional.delete(key)
    const candidate = this.candidates.get(key)
    if (candidate === undefined) return
    this.candidates.delete(key)
    for (const lookup of candidate.lookups) this.removeLookup(lookup, candidate)
  }

  match({ headers }: RoutableMessage, found: (binding: Binding) => void): void {
    for (const binding of this.unconditional.values()) found(binding)
    if (this.lookups.size === 0) return
    const texts = new HeaderTexts(headers)
    for (const header of Object.keys(headers)) {
      const byValue = this.lookups.get(header)
      if (byValue === undefined) continue
      findAmong(byValue.get(undefined), header, texts, found)
      findAmong(byValue.get(texts.get(header)), header, texts, found)
    }
  }

  /** The criterion that the fewest candidates share so far; presence says less about a message than any value. */
  private mostSelective(criteria: readonly Criterion[]): Criterion {
    const sharedBy = ({ header, value }: Criterion): number =>
      value === undefined ? Number.POSITIVE_INFINITY : (this.lookups.get(header)?.get(value)?.size ?? 0)
    return criteria.reduce((best, next) => (sharedBy(next) < sharedBy(best) ? next : best))
  }

  private addLookup({ header, value }: Criterion, candidate: Candidate): void {
    const byValue = this.lookups.get(header) ?? new Map<string | undefined, Set<Candidate>>()
    this.lookups.set(header, byValue)
    byValue.set(value, (byValue.get(value) ?? new Set()).add(candidate))
  }

  private removeLookup({ header, value }: Criterion, candidate: Candidate): void {
    const byValue = this.lookups.get(header)
    const candidates = byValue?.get(value)
    candidates?.delete(candidate)
    if (candidates?.size === 0) byValue?.delete(value)
    if (byValue?.size === 0) this.lookups.delete(header)
  }
}

/** Checks candidates whose criterion on `header` holds. */
function findAmong(
  candidates: ReadonlySet<Candidate> | undefined,
  header: string,
  texts: HeaderTexts,
  found: (binding: Binding) => void,
): void {
  if (candidates === undefined) return
  for (const candidate of candidates) if (isMatch(candidate, header, texts)) found(candidate.binding)
}

/** Where any criterion is enough, the first that holds decides, so that a binding is found once. */
function isMatch({ quantifier, criteria }: Candidate, header: string, texts: HeaderTexts): boolean {
  if (quantifier === 'all') return criteria.every((criterion) => texts.meets(criterion))
  return criteria.find((criterion) => texts.meets(criterion))?.header === header
}
