import { type Bind, bind, type Unbind, unbind } from './binding.ts'
import { type OpenDeadLetters, openDeadLetters } from './dead-letters.ts'
import type { VhostEvent } from './events.ts'
import { type DeclareExchange, type DeleteExchange, declareExchange, deleteExchange } from './exchange.ts'
import { type DeleteExclusive, deleteExclusive } from './exclusive.ts'
import { type ImportIntoVhost, importIntoVhost } from './import.ts'
import { type DeleteParameter, deleteParameter, type SetParameter, setParameter } from './parameter.ts'
import { type DeletePolicy, deletePolicy, type SetPolicy, setPolicy } from './policy.ts'
import { type DeclareQueue, type DeleteQueue, declareQueue, deleteQueue } from './queue.ts'
import { type Reconcile, reconcile } from './reconcile.ts'
import type { VhostState } from './state.ts'

export type VhostCommand =
  | DeclareExchange
  | DeleteExchange
  | DeclareQueue
  | DeleteQueue
  | DeleteExclusive
  | OpenDeadLetters
  | Bind
  | Unbind
  | SetPolicy
  | DeletePolicy
  | SetParameter
  | DeleteParameter
  | ImportIntoVhost
  | Reconcile

/**
 * What a command does to a vhost: the events, none where nothing changes. Pure: state and command alone decide.
 * Throws BrokerError where the command is refused; then nothing is changed.
 */
export function decideVhost(state: VhostState, command: VhostCommand): VhostEvent[] {
  switch (command.type) {
    case 'declare-exchange':
      return declareExchange(state, command)
    case 'delete-exchange':
      return deleteExchange(state, command)
    case 'declare-queue':
      return declareQueue(state, command)
    case 'delete-queue':
      return deleteQueue(state, command)
    case 'delete-exclusive':
      return deleteExclusive(state, command)
    case 'open-dead-letters':
      return openDeadLetters(state, command)
    case 'bind':
      return bind(state, command)
    case 'unbind':
      return unbind(state, command)
    case 'set-policy':
      return setPolicy(state, command)
    case 'delete-policy':
      return deletePolicy(state, command)
    case 'set-parameter':
      return setParameter(state, command)
    case 'delete-parameter':
      return deleteParameter(state, command)
    case 'import':
      return importIntoVhost(state, command)
    case 'reconcile':
      return reconcile(state, command)
  }
}
