import type { Parts } from '../../codecs/core/parts.ts';

/** What a sans-I/O machine answers to one input: messages to send, in order, and what happened. */
export interface Step<Event> {
  readonly outgoing: readonly Parts[];
  readonly events: readonly Event[];
}
