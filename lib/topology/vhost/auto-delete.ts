import type { Binding } from '../../model/binding.ts'
import type { VhostEvent } from './events.ts'
import type { VhostState } from './state.ts'

/**
 * The exchanges that go because these bindings go (contract §2.3): an auto-delete exchange is deleted with the last
 * binding whose source it is; its own incoming bindings go with it, which may empty exchanges upstream. Decides only:
 * the state still holds everything. `leavingId` is an exchange that is being deleted anyway.
 */
export function autoDeletedExchanges(state: VhostState, removed: readonly Binding[], leavingId?: string): VhostEvent[] {
  const events: VhostEvent[] = []
  const deleted = new Set(leavingId === undefined ? [] : [leavingId])
  const remaining = new Map<string, number>()
  const pending = [...removed]
  for (let binding = pending.pop(); binding; binding = pending.pop()) {
    const source = state.exchangeById(binding.sourceId)
    if (!source?.exchange.autoDelete || deleted.has(source.exchange.id)) continue
    const left = (remaining.get(source.exchange.id) ?? source.outgoing.size) - 1
    remaining.set(source.exchange.id, left)
    if (left > 0) continue
    deleted.add(source.exchange.id)
    events.push({ type: 'exchange-deleted', id: source.exchange.id, name: source.exchange.name })
    pending.push(...source.incoming.values())
  }
  return events
}
