import type { Parts } from '../../codecs/core/parts.ts';

/** What a sans-I/O machine answers to one input: messages to send, in order, and what happened. */
export interface Step<Event> {
  readonly outgoing: readonly Parts[];
  readonly events: readonly Event[];
}

/** A {@link Step} in the making. */
export class StepBuilder<Event> implements Step<Event> {
  readonly outgoing: Parts[] = [];
  readonly events: Event[] = [];

  send(message: Parts): void {
    this.outgoing.push(message);
  }

  emit(event: Event): void {
    this.events.push(event);
  }
}
