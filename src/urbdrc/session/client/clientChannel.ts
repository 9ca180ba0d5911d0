import { DecodeError, ProtocolError, type SpecRef } from '../../../../codecs/core/errors.ts';
import { RIM_CAPABILITY_VERSION_01 } from '../../../../codecs/urbdrc/capabilities.ts';
import { CHANNEL_CREATED_VERSION } from '../../../../codecs/urbdrc/channelNotification.ts';
import { decodeServerMessage, encodeUrbdrcMessage, type ServerMessage } from '../../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../../codecs/urbdrc/header.ts';
import { type Step, StepBuilder } from '../../../channels/machine.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import type { SessionTimers } from '../limits.ts';
import type { ClientOpeningInput } from '../transitions.ts';

const CREATED_SPEC: SpecRef = { document: 'MS-RDPEUSB', section: '3.3.5.2.2' };
const OUT_OF_SEQUENCE_SPEC: SpecRef = { document: 'MS-RDPEUSB', section: '3.1.5' };

/** Messages that are not part of opening a channel. */
export type OperationMessage = Exclude<
  ServerMessage,
  {
    name:
      'RIM_EXCHANGE_CAPABILITY_REQUEST' | 'RIMCALL_RELEASE' | 'RIMCALL_QUERYINTERFACE' | 'QI_RSP' | 'CHANNEL_CREATED';
  }
>;

/**
 * What the client's control channel and device channels have in common: decoding, and the opening handshake of
 * [MS-RDPEUSB] 3.3.5.2, 3.2.5.5. Inputs are {@link receive} and {@link handleTimeout}; call {@link nextTimeout} after
 * each. Never throws for anything that a peer sent.
 */
export abstract class ClientChannel<Event> {
  readonly #timers: SessionTimers;
  #releaseDeadline: number | undefined;

  constructor(timers: SessionTimers) {
    this.#timers = timers;
  }

  /** The name of the state, as in docs/states.md. */
  abstract readonly state: string;

  /** Moves where the table allows it; false where it does not. */
  protected abstract advance(input: ClientOpeningInput): boolean;

  /** Called once, when the opening is over and the client may announce. */
  protected abstract opened(step: StepBuilder<Event | ChannelEvent>): void;

  protected abstract operate(message: OperationMessage, step: StepBuilder<Event | ChannelEvent>): void;

  /** One complete message of the dynamic channel; `now` in ms. */
  receive(bytes: Uint8Array, now: number): Step<Event | ChannelEvent> {
    const step = new StepBuilder<Event | ChannelEvent>();
    try {
      this.#dispatch(decodeServerMessage(bytes, { lenient: true }), now, step);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      step.emit({ type: 'ignored', error });
    }
    return step;
  }

  nextTimeout(): number | undefined {
    return this.#releaseDeadline;
  }

  handleTimeout(now: number): Step<Event | ChannelEvent> {
    const step = new StepBuilder<Event | ChannelEvent>();
    if (this.#releaseDeadline !== undefined && now >= this.#releaseDeadline) this.#open('releaseTimedOut', step);
    return step;
  }

  protected outOfSequence(
    messageName: string,
    step: StepBuilder<Event | ChannelEvent>,
    problem = 'not allowed now',
  ): void {
    step.emit({ type: 'ignored', error: new ProtocolError(messageName, this.state, problem, OUT_OF_SEQUENCE_SPEC) });
  }

  #dispatch(message: ServerMessage, now: number, step: StepBuilder<Event | ChannelEvent>): void {
    switch (message.name) {
      case 'RIM_EXCHANGE_CAPABILITY_REQUEST':
        if (!this.advance(message.name)) {
          this.outOfSequence(message.name, step);
          return;
        }
        step.send(
          encodeUrbdrcMessage({
            name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
            interfaceId: InterfaceId.CAPABILITIES,
            messageId: message.messageId,
            capabilityValue: RIM_CAPABILITY_VERSION_01,
            result: 0,
          }),
        );
        return;
      case 'CHANNEL_CREATED':
        this.#channelCreated(message, now, step);
        return;
      case 'RIMCALL_RELEASE':
        // Releases need no answer and are never an error; one of them is the server's go-ahead.
        if (message.interfaceId === InterfaceId.CHANNEL_NOTIFICATION_SERVER && message.mask === 'STREAM_ID_PROXY') {
          this.#open('notificationReleased', step);
        }
        return;
      case 'RIMCALL_QUERYINTERFACE':
        // The failure form: no other interface exists, [MS-RDPEXPS] 3.1.5.2.1.2.
        step.send(
          encodeUrbdrcMessage({
            name: 'QI_RSP',
            interfaceId: message.interfaceId,
            mask: 'STREAM_ID_STUB',
            messageId: message.messageId,
          }),
        );
        return;
      case 'QI_RSP':
        this.outOfSequence(message.name, step, 'nothing was asked');
        return;
      default:
        this.operate(message, step);
    }
  }

  #channelCreated(
    message: Extract<ServerMessage, { name: 'CHANNEL_CREATED' }>,
    now: number,
    step: StepBuilder<Event | ChannelEvent>,
  ): void {
    if (message.majorVersion !== CHANNEL_CREATED_VERSION.majorVersion) {
      const problem = `version ${message.majorVersion}.${message.minorVersion} is not supported, 1.0 is`;
      step.emit({
        type: 'closeRequired',
        error: new ProtocolError(message.name, this.state, problem, CREATED_SPEC),
      });
      return;
    }
    if (!this.advance(message.name)) {
      this.outOfSequence(message.name, step);
      return;
    }
    this.#releaseDeadline = now + this.#timers.releaseWait;
    step.send(
      encodeUrbdrcMessage({
        name: 'CHANNEL_CREATED',
        interfaceId: InterfaceId.CHANNEL_NOTIFICATION_CLIENT,
        messageId: message.messageId,
        ...CHANNEL_CREATED_VERSION,
      }),
    );
  }

  #open(input: 'notificationReleased' | 'releaseTimedOut', step: StepBuilder<Event | ChannelEvent>): void {
    const waiting = this.#releaseDeadline !== undefined;
    this.#releaseDeadline = undefined;
    // A release before its time, or a second one, means nothing.
    if (this.advance(input) && waiting) this.opened(step);
  }
}
