import { DecodeError, ProtocolError, type ProtocolErrorCode, type SpecRef } from '../../../../codecs/core/errors.ts';
import { RIM_CAPABILITY_VERSION_01 } from '../../../../codecs/urbdrc/capabilities.ts';
import { CHANNEL_CREATED_VERSION } from '../../../../codecs/urbdrc/channelNotification.ts';
import {
  type ClientMessage,
  type ClientMessageContext,
  decodeClientMessage,
  encodeUrbdrcMessage,
} from '../../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../../codecs/urbdrc/header.ts';
import { isFailure } from '../../../../codecs/urbdrc/status.ts';
import { type Step, StepBuilder } from '../../../channels/machine.ts';
import { RecognisedPeer } from '../../peers/recognisedPeer.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import type { SessionTimers } from '../limits.ts';
import type { ServerOpeningInput } from '../transitions.ts';

/** Messages that are not part of opening a channel. */
export type AnswerMessage = Exclude<
  ClientMessage,
  {
    name:
      'RIM_EXCHANGE_CAPABILITY_RESPONSE' | 'RIMCALL_RELEASE' | 'RIMCALL_QUERYINTERFACE' | 'QI_RSP' | 'CHANNEL_CREATED';
  }
>;

/**
 * What the server's control channel and device channels have in common: decoding, and the opening handshake of
 * [MS-RDPEUSB] 3.2.5.5. Inputs are {@link open}, {@link receive} and {@link handleTimeout}; call {@link nextTimeout}
 * after each. Never throws for anything that a peer sent.
 */
export abstract class ServerChannel<Event> {
  protected readonly timers: SessionTimers;
  protected readonly peer: RecognisedPeer;
  #handshakeDeadline: number | undefined;
  #messageId = 0;
  #isReleased = false;

  /** @param peer what the client is, as all channels of its connection know it. */
  constructor(timers: SessionTimers, peer = new RecognisedPeer()) {
    this.timers = timers;
    this.peer = peer;
  }

  /** The name of the state, as in docs/states.md. */
  abstract readonly state: string;

  /** Moves where the table allows it; false where it does not. */
  protected abstract advance(input: ServerOpeningInput): boolean;

  /** @param bytes what `message` was decoded of. */
  protected abstract answer(message: AnswerMessage, bytes: Uint8Array, step: StepBuilder<Event | ChannelEvent>): void;

  /** What the decoder must know about earlier requests. */
  protected abstract readonly context: ClientMessageContext;

  /** A device channel, which waits for ADD_DEVICE after its opening. */
  protected abstract readonly carriesDevice: boolean;

  /** The dynamic channel is open: starts the handshake. `now` in ms. */
  open(now: number): Step<Event | ChannelEvent> {
    const step = new StepBuilder<Event | ChannelEvent>();
    const { deviceChannelOpening } = this.peer.settings;
    const hasExchange = !this.carriesDevice || deviceChannelOpening === 'capabilities';
    if (!this.advance(hasExchange ? 'opened' : 'openedWithoutExchange')) return step;
    this.#handshakeDeadline = now + this.timers.handshake;
    if (!hasExchange) {
      this.#sendChannelCreated(step);
      return step;
    }
    step.send(
      encodeUrbdrcMessage({
        name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
        interfaceId: InterfaceId.CAPABILITIES,
        messageId: this.nextMessageId(),
        capabilityValue: RIM_CAPABILITY_VERSION_01,
      }),
    );
    return step;
  }

  /** One complete message of the dynamic channel. */
  receive(bytes: Uint8Array, now: number): Step<Event | ChannelEvent> {
    const step = new StepBuilder<Event | ChannelEvent>();
    const lenient = this.peer.settings.reading === 'lenient';
    try {
      this.#dispatch(decodeClientMessage(bytes, this.context, { lenient }), bytes, now, step);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      step.emit({ type: 'ignored', error });
      if (!lenient) this.refused?.(bytes, step);
    }
    return step;
  }

  nextTimeout(): number | undefined {
    return this.#handshakeDeadline;
  }

  handleTimeout(now: number): Step<Event | ChannelEvent> {
    const step = new StepBuilder<Event | ChannelEvent>();
    if (this.#handshakeDeadline === undefined || now < this.#handshakeDeadline) return step;
    this.#handshakeDeadline = undefined;
    const waitedIn = this.state;
    if (this.advance('handshakeTimedOut')) {
      this.closeRequired(
        'handshake',
        `no answer within ${this.timers.handshake} ms in ${waitedIn}`,
        '3.2.5.5',
        step,
        'TIMED_OUT',
      );
    }
    return step;
  }

  /** What else to do about a malformed message, which was dropped, where no mistake is overlooked. */
  protected refused?(bytes: Uint8Array, step: StepBuilder<Event | ChannelEvent>): void;

  protected nextMessageId(): number {
    this.#messageId = (this.#messageId + 1) >>> 0;
    return this.#messageId;
  }

  protected stopHandshakeTimer(): void {
    this.#handshakeDeadline = undefined;
  }

  protected outOfSequence(
    messageName: string,
    step: StepBuilder<Event | ChannelEvent>,
    problem = 'not allowed now',
    section?: string,
  ): void {
    step.emit({ type: 'ignored', error: this.protocolError(messageName, problem, section) });
  }

  protected closeRequired(
    messageName: string,
    problem: string,
    section: string,
    step: StepBuilder<Event | ChannelEvent>,
    code?: ProtocolErrorCode,
  ): void {
    step.emit({ type: 'closeRequired', error: this.protocolError(messageName, problem, section, code) });
  }

  protected protocolError(
    messageName: string,
    problem: string,
    section = '3.1.5',
    code?: ProtocolErrorCode,
  ): ProtocolError {
    const spec: SpecRef = { document: 'MS-RDPEUSB', section };
    return new ProtocolError(messageName, this.state, problem, spec, code);
  }

  #dispatch(message: ClientMessage, bytes: Uint8Array, now: number, step: StepBuilder<Event | ChannelEvent>): void {
    switch (message.name) {
      case 'RIM_EXCHANGE_CAPABILITY_RESPONSE':
        this.#capabilities(message, now, step);
        return;
      case 'CHANNEL_CREATED':
        this.#channelCreated(message, now, step);
        return;
      case 'RIMCALL_RELEASE':
      case 'QI_RSP':
        return;
      case 'RIMCALL_QUERYINTERFACE':
        // Answering would let a client that never reads make us queue answers without end; nobody sends this.
        this.outOfSequence(message.name, step, 'there is no other interface');
        return;
      default:
        this.answer(message, bytes, step);
    }
  }

  #capabilities(
    message: Extract<ClientMessage, { name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE' }>,
    now: number,
    step: StepBuilder<Event | ChannelEvent>,
  ): void {
    if (this.state !== 'awaitingCapabilities') {
      this.outOfSequence(message.name, step);
      return;
    }
    if (message.capabilityValue !== RIM_CAPABILITY_VERSION_01 || isFailure(message.result)) {
      const problem = `version ${message.capabilityValue}, result 0x${message.result.toString(16)}`;
      this.closeRequired(message.name, problem, '3.2.5.5.2', step);
      return;
    }
    this.advance(message.name);
    this.#handshakeDeadline = now + this.timers.handshake;
    // As Windows does: done with the capability interface, on to the notification interface.
    step.send(release(InterfaceId.CAPABILITIES, 'STREAM_ID_NONE', this.nextMessageId()));
    this.#sendChannelCreated(step);
  }

  #sendChannelCreated(step: StepBuilder<Event | ChannelEvent>): void {
    step.send(
      encodeUrbdrcMessage({
        name: 'CHANNEL_CREATED',
        interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER,
        messageId: this.nextMessageId(),
        ...CHANNEL_CREATED_VERSION,
      }),
    );
    if (this.peer.settings.openingRelease === 'withCreated') this.#release(step);
  }

  /** FreeRDP and IronRDP announce nothing before this release arrives. Exactly once a channel. */
  #release(step: StepBuilder<Event | ChannelEvent>): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    step.send(release(InterfaceId.CHANNEL_NOTIFICATION_SERVER, 'STREAM_ID_PROXY', this.nextMessageId()));
  }

  #channelCreated(
    message: Extract<ClientMessage, { name: 'CHANNEL_CREATED' }>,
    now: number,
    step: StepBuilder<Event | ChannelEvent>,
  ): void {
    if (this.state !== 'awaitingChannelCreated') {
      this.outOfSequence(message.name, step);
      return;
    }
    if (message.majorVersion !== CHANNEL_CREATED_VERSION.majorVersion) {
      const problem = `version ${message.majorVersion}.${message.minorVersion} is not supported, 1.0 is`;
      this.closeRequired(message.name, problem, '3.2.5.2.2', step);
      return;
    }
    this.advance(message.name);
    this.#handshakeDeadline = this.carriesDevice ? now + this.timers.handshake : undefined;
    this.#release(step);
  }
}

function release(interfaceId: number, mask: 'STREAM_ID_NONE' | 'STREAM_ID_PROXY', messageId: number) {
  return encodeUrbdrcMessage({ name: 'RIMCALL_RELEASE', interfaceId, mask, messageId });
}
