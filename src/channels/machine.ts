import type { Parts } from '../../codecs/core/parts.ts';

/** What a sans-I/O machine answers to one input: messages to send, in order, and what happened. */
export interface Step<Event> {
  readonly outgoing: readonly Parts[];
  readonly events: readonly Event[];
}

/** Shared by all steps that have nothing to say, which most blocks of a message do not; never pushed to. */
const NONE: never[] = [];

/** The answer to an input that leads to nothing. */
export const NO_STEP: Step<never> = { outgoing: NONE, events: NONE };

/** A step with one event and nothing to send. */
export function eventStep<Event>(event: Event): Step<Event> {
  return { outgoing: NONE, events: [event] };
}

/** A {@link Step} in the making. */
export class StepBuilder<Event> implements Step<Event> {
  outgoing: Parts[] = NONE;
  events: Event[] = NONE;

  send(message: Parts): void {
    if (this.outgoing.length === 0) this.outgoing = [message];
    else this.outgoing.push(message);
  }

  emit(event: Event): void {
    if (this.events.length === 0) this.events = [event];
    else this.events.push(event);
  }
}

/** A state machine's legal moves: state, then input, then next state. A state that is left out has none. */
export type Transitions<State extends string, Input extends string> = Readonly<
  Partial<Record<State, Readonly<Partial<Record<Input, State>>>>>
>;

/** Where `input` leads from `state`; undefined where the table does not allow it. */
export function nextState<State extends string, Input extends string>(
  table: Transitions<State, Input>,
  state: State,
  input: Input,
): State | undefined {
  return table[state]?.[input];
}
