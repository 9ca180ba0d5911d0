import { encodeUrbdrcMessage } from '../../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../../codecs/urbdrc/header.ts';
import { nextState, type Step, StepBuilder } from '../../../channels/machine.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { DEFAULT_SESSION_TIMERS, type SessionTimers } from '../limits.ts';
import { CLIENT_CONTROL_TRANSITIONS, type ClientControlState, type ClientOpeningInput } from '../transitions.ts';
import { ClientChannel, type OperationMessage } from './clientChannel.ts';

export type ClientControlEvent = { readonly type: 'ready' };

/**
 * The client's end of the control channel: asks the server for one more channel for each device, [MS-RDPEUSB]
 * 3.3.5.1.1. Devices that are added before the channel is ready are announced when it is.
 */
export class ClientControlChannel extends ClientChannel<ClientControlEvent> {
  #state: ClientControlState = 'awaitingCapabilities';
  #waitingDevices = 0;

  constructor(timers: SessionTimers = DEFAULT_SESSION_TIMERS) {
    super(timers);
  }

  override get state(): ClientControlState {
    return this.#state;
  }

  /** Asks for a device channel: ADD_VIRTUAL_CHANNEL, now or as soon as it may be sent. */
  addVirtualChannel(): Step<ClientControlEvent | ChannelEvent> {
    const step = new StepBuilder<ClientControlEvent | ChannelEvent>();
    if (this.#state === 'ready') step.send(addVirtualChannel());
    else this.#waitingDevices += 1;
    return step;
  }

  protected override advance(input: ClientOpeningInput): boolean {
    const next = nextState(CLIENT_CONTROL_TRANSITIONS, this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  protected override opened(step: StepBuilder<ClientControlEvent | ChannelEvent>): void {
    step.emit({ type: 'ready' });
    for (; this.#waitingDevices > 0; this.#waitingDevices -= 1) step.send(addVirtualChannel());
  }

  protected override operate(message: OperationMessage, step: StepBuilder<ClientControlEvent | ChannelEvent>): void {
    this.outOfSequence(message.name, step, 'the control channel carries no device');
  }
}

function addVirtualChannel() {
  return encodeUrbdrcMessage({ name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId: 0 });
}
