import { nextState, type StepBuilder } from '../../../channels/machine.ts';
import type { RecognisedPeer } from '../../peers/recognisedPeer.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { DEFAULT_SESSION_TIMERS, type SessionTimers } from '../limits.ts';
import { SERVER_CONTROL_TRANSITIONS, type ServerControlState, type ServerOpeningInput } from '../transitions.ts';
import { type AnswerMessage, ServerChannel } from './serverChannel.ts';

/** The client has one more device: a channel is to be created for it, [MS-RDPEUSB] 3.2.5.1.1. */
export type ServerControlEvent = { readonly type: 'virtualChannelRequested'; readonly messageId: number };

/** The server's end of the control channel. */
export class ServerControlChannel extends ServerChannel<ServerControlEvent> {
  protected override readonly context = {};
  protected override readonly carriesDevice = false;
  #state: ServerControlState = 'idle';

  constructor(timers: SessionTimers = DEFAULT_SESSION_TIMERS, peer?: RecognisedPeer) {
    super(timers, peer);
  }

  override get state(): ServerControlState {
    return this.#state;
  }

  protected override advance(input: ServerOpeningInput | 'ADD_VIRTUAL_CHANNEL'): boolean {
    const next = nextState(SERVER_CONTROL_TRANSITIONS, this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  protected override answer(
    message: AnswerMessage,
    _bytes: Uint8Array,
    step: StepBuilder<ServerControlEvent | ChannelEvent>,
  ): void {
    if (message.name !== 'ADD_VIRTUAL_CHANNEL') {
      this.outOfSequence(message.name, step, 'the control channel carries no device');
    } else if (this.advance(message.name)) {
      step.emit({ type: 'virtualChannelRequested', messageId: message.messageId });
    } else {
      this.outOfSequence(message.name, step);
    }
  }
}
