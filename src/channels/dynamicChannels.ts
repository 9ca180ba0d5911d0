import { DecodeError, ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import { byteLength, type Parts } from '../../codecs/core/parts.ts';
import { MAXIMUM_DVC_PDU_SIZE } from '../../codecs/dvc/header.ts';
import { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import {
  checkVersion,
  completeLimits,
  type DynamicChannelEvent,
  type DynamicChannelLimits,
  type DynamicChannelOptions,
  LARGE_PDU_SIZE,
} from './dynamicChannelOptions.ts';
import {
  CAPABILITIES_TRANSITIONS,
  type ChannelInput,
  type ChannelState,
  type ConnectionInput,
  type ConnectionState,
  DYNAMIC_CHANNEL_TRANSITIONS,
  type Role,
} from './dynamicChannelTransitions.ts';
import { fragmentMessage } from './fragmentation.ts';
import { type DataPdu, Reassembly } from './reassembly.ts';
import { ReassemblyBudget } from './reassemblyBudget.ts';
import { eventStep, nextState, NO_STEP, type Step, StepBuilder, type Transitions } from './machine.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '3.1.5' };
const TIMER_SPEC = { document: 'MS-RDPEDYC', section: '3.3.2' };
const LENIENT = { lenient: true };

/** What is kept of a channel in each state; `closed` ones are not kept. */
export type DynamicChannel =
  | { readonly state: 'creating'; readonly channelName: string }
  | { readonly state: 'open'; readonly channelName: string; readonly reassembly: Reassembly }
  | { readonly state: 'closing'; readonly channelName: string };

/** PDUs that concern one role alone, and so are handled by it. */
export type RolePdu = Exclude<DvcPdu, DataPdu | { readonly name: 'DYNVC_CLOSE' }>;

/**
 * The dynamic channels of one static channel, [MS-RDPEDYC]: what both ends have in common. No input makes it throw: a
 * fault on one channel closes that channel, a PDU that cannot be read at all ends everything with `failed` (3.1.5.2.4).
 *
 * Time comes in as an argument, in milliseconds of any monotonic clock.
 */
export abstract class DynamicChannels {
  protected readonly limits: DynamicChannelLimits;
  /** Our own highest version. */
  protected readonly ownVersion: number;
  /** What our own capabilities say of PDUs. */
  protected readonly ownPdus: { readonly largePdus?: true };
  readonly #peer: Role;
  readonly #channelTable: Transitions<ChannelState, ChannelInput>;
  readonly #connectionTable: Transitions<ConnectionState, ConnectionInput>;
  readonly #channels = new Map<number, DynamicChannel>();
  readonly #budget: ReassemblyBudget;
  #connection: ConnectionState;
  #version: number | undefined;
  #pduSize = MAXIMUM_DVC_PDU_SIZE;
  #started = false;
  #deadline: number | undefined;

  /** @throws UsageError */
  protected constructor(role: Role, initial: ConnectionState, options: DynamicChannelOptions) {
    this.limits = completeLimits(options.limits);
    this.ownVersion = checkVersion(options.version);
    this.ownPdus = options.largePdus === true ? { largePdus: true } : {};
    this.#peer = role === 'server' ? 'client' : 'server';
    this.#channelTable = DYNAMIC_CHANNEL_TRANSITIONS[role];
    this.#connectionTable = CAPABILITIES_TRANSITIONS[role];
    this.#budget = new ReassemblyBudget(this.limits.maximumReassemblyBytes, options.messageMemory);
    this.#connection = initial;
  }

  get state(): ConnectionState {
    return this.#connection;
  }

  /** The agreed version; undefined before `ready`. */
  get version(): number | undefined {
    return this.#version;
  }

  /** Bytes of the largest PDU that is sent. */
  get pduSize(): number {
    return this.#pduSize;
  }

  /** Bytes allocated for unfinished messages. */
  get reassemblyBytes(): number {
    return this.#budget.used;
  }

  channelState(channelId: number): ChannelState {
    return this.#channels.get(channelId)?.state ?? 'closed';
  }

  /** Must be called once, before anything else: a server sends its capabilities. @throws UsageError the second time */
  start(now: number): Step<DynamicChannelEvent> {
    if (this.#started)
      throw new UsageError('the dynamic channels have been started already', { code: 'INVALID_STATE' });
    this.#started = true;
    const step = new StepBuilder<DynamicChannelEvent>();
    const timeout = this.begin(step);
    if (timeout !== undefined) this.#deadline = now + timeout;
    return step;
  }

  /** When `handleTimeout` wants to be called; undefined for never. */
  nextTimeout(): number | undefined {
    return this.#connection === 'awaitingCapabilities' ? this.#deadline : undefined;
  }

  /** Ends waits that have been too long; else it does nothing. */
  handleTimeout(now: number): StepBuilder<DynamicChannelEvent> {
    const step = new StepBuilder<DynamicChannelEvent>();
    const deadline = this.nextTimeout();
    if (deadline === undefined || now < deadline || !this.moveConnection('capabilitiesTimedOut')) return step;
    const problem = 'did not come in time';
    const error = new ProtocolError('DYNVC_CAPS_RSP', 'awaitingCapabilities', problem, TIMER_SPEC, 'TIMED_OUT');
    step.emit({ type: 'failed', error });
    return step;
  }

  /** Takes one PDU: a whole message of the static channel, which belongs to this object from now on. Never throws. */
  receive(pdu: Uint8Array): Step<DynamicChannelEvent> {
    const step = new StepBuilder<DynamicChannelEvent>();
    if (this.#connection === 'failed') return step;
    try {
      this.#dispatch(step, decodeDvcPdu(pdu, this.#peer, LENIENT), pdu.byteLength);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.fail(step, error);
    }
    return step;
  }

  /**
   * Takes the block of a DYNVC_DATA, a message or a part of one, which belongs to this object from now on. Undefined, and
   * nothing done, where a rule forbids it: {@link receive} does what is right then.
   */
  receiveBlock(channelId: number, block: Uint8Array): Step<DynamicChannelEvent> | undefined {
    const channel = this.#channels.get(channelId);
    const payload = channel?.state === 'open' ? channel.reassembly.append(block) : 'refused';
    if (payload === 'more') return NO_STEP;
    return payload === 'refused' ? undefined : eventStep({ type: 'message', channelId, payload });
  }

  /** The static channel lost its framing and so cannot be trusted any more, [MS-RDPBCGR] 3.1.5.2.2.1. */
  staticChannelFailed(error: DecodeError | ProtocolError): Step<DynamicChannelEvent> {
    const step = new StepBuilder<DynamicChannelEvent>();
    this.fail(step, error);
    return step;
  }

  /** The PDUs that carry a message of one byte or more; its parts are in them by reference. @throws UsageError */
  send(channelId: number, message: Parts): Parts[] {
    this.checkOpen(channelId, message);
    return fragmentMessage(channelId, message, this.#pduSize);
  }

  /** @throws UsageError where `message` cannot be sent because the channel is not open */
  checkOpen(channelId: number, message: Parts): void {
    const state = this.channelState(channelId);
    if (state !== 'open')
      throw new UsageError(`channel ${channelId} is ${state}: ${byteLength(message)} bytes not sent`, {
        code: 'INVALID_STATE',
      });
  }

  /** Closes a channel; the event comes at once. @throws UsageError where there is nothing to close */
  close(channelId: number): Step<DynamicChannelEvent> {
    const step = new StepBuilder<DynamicChannelEvent>();
    const next = this.nextChannelState(channelId, 'close');
    if (next === undefined)
      throw new UsageError(`channel ${channelId} is ${this.channelState(channelId)} already`, {
        code: 'INVALID_STATE',
      });
    step.send(encodeDvcPdu({ name: 'DYNVC_CLOSE', channelId }));
    this.enter(channelId, next);
    step.emit({ type: 'closed', channelId, by: 'us' });
    return step;
  }

  /** Nothing comes any more: frees the memory of unfinished messages. */
  dispose(): void {
    for (const channel of this.#channels.values()) if (channel.state === 'open') channel.reassembly.dispose();
  }

  /** Sends what this role sends first; returns how long the answer may take, in ms, where there has to be one. */
  protected abstract begin(step: StepBuilder<DynamicChannelEvent>): number | undefined;

  /** What only this role does. */
  protected abstract receiveRolePdu(step: StepBuilder<DynamicChannelEvent>, pdu: RolePdu): void;

  /** A channel is no longer in `state`. */
  protected abstract left(channelId: number, state: ChannelState): void;

  /** What this role sends, if anything, when the peer closes an open channel. */
  protected abstract answerClose(step: StepBuilder<DynamicChannelEvent>, channelId: number): void;

  protected channel(channelId: number): DynamicChannel | undefined {
    return this.#channels.get(channelId);
  }

  /** Ids in one of `states`, oldest first. */
  protected channelsIn(...states: readonly ChannelState[]): number[] {
    return [...this.#channels].filter(([, { state }]) => states.includes(state)).map(([channelId]) => channelId);
  }

  protected nextChannelState(channelId: number, input: ChannelInput): ChannelState | undefined {
    return nextState(this.#channelTable, this.channelState(channelId), input);
  }

  /** Moves the whole connection; false, and nothing done, where the table does not allow it. */
  protected moveConnection(input: ConnectionInput): boolean {
    const next = nextState(this.#connectionTable, this.#connection, input);
    if (next === undefined) return false;
    this.#connection = next;
    return true;
  }

  /** @param largePdus whether the peer's capabilities say so */
  protected becomeReady(step: StepBuilder<DynamicChannelEvent>, version: number, largePdus = false): void {
    this.#version = version;
    if (largePdus && this.ownPdus.largePdus) this.#pduSize = LARGE_PDU_SIZE;
    step.emit({ type: 'ready', version });
  }

  /** Puts a channel into a state that the table gave. */
  protected enter(channelId: number, state: ChannelState, name?: string): void {
    const before = this.#channels.get(channelId);
    const channelName = name ?? before?.channelName ?? '';
    if (before?.state === 'open' && state !== 'open') before.reassembly.dispose();
    // Set anew, so that the table is in the order in which channels came into their state.
    this.#channels.delete(channelId);
    if (before !== undefined) this.left(channelId, before.state);
    switch (state) {
      case 'closed':
        return;
      case 'creating':
      case 'closing':
        this.#channels.set(channelId, { state, channelName });
        return;
      case 'open':
        this.#channels.set(channelId, { state, channelName, reassembly: this.#newReassembly() });
        return;
    }
  }

  /** The peer broke the rules on one channel, which is closed for that; nothing but a report where it is closed already. */
  protected fault(step: StepBuilder<DynamicChannelEvent>, channelId: number, error: DecodeError | ProtocolError): void {
    const next = this.nextChannelState(channelId, 'fault');
    if (next === undefined) return;
    step.send(encodeDvcPdu({ name: 'DYNVC_CLOSE', channelId }));
    this.enter(channelId, next);
    step.emit({ type: 'closed', channelId, by: 'fault', error });
  }

  /** The end of everything. */
  protected fail(step: StepBuilder<DynamicChannelEvent>, error: DecodeError | ProtocolError): void {
    if (!this.moveConnection('fault')) return;
    for (const channelId of [...this.#channels.keys()]) this.enter(channelId, 'closed');
    step.emit({ type: 'failed', error });
  }

  protected ignore(step: StepBuilder<DynamicChannelEvent>, messageName: string, state: string, problem: string): void {
    step.emit({ type: 'ignored', error: new ProtocolError(messageName, state, problem, SPEC) });
  }

  /** A pair of state and PDU that the table does not have: closes the channel, or is ignored where there is none. */
  protected refuse(step: StepBuilder<DynamicChannelEvent>, channelId: number, messageName: string): void {
    const state = this.channelState(channelId);
    if (state === 'closed' || state === 'closing') {
      this.ignore(step, messageName, state, `channel ${channelId} is not open`);
    } else {
      this.fault(step, channelId, new ProtocolError(messageName, state, `not allowed on channel ${channelId}`, SPEC));
    }
  }

  #newReassembly(): Reassembly {
    return new Reassembly(this.limits.maximumMessageSize, this.#budget);
  }

  #dispatch(step: StepBuilder<DynamicChannelEvent>, pdu: DvcPdu, pduSize: number): void {
    switch (pdu.name) {
      case 'DYNVC_DATA':
      case 'DYNVC_DATA_FIRST':
      case 'DYNVC_DATA_COMPRESSED':
      case 'DYNVC_DATA_FIRST_COMPRESSED':
        this.#receiveData(step, pdu, pduSize);
        return;
      case 'DYNVC_CLOSE':
        this.#receiveClose(step, pdu.channelId);
        return;
      case 'DYNVC_CAPS_VERSION1':
      case 'DYNVC_CAPS_VERSION2':
      case 'DYNVC_CAPS_VERSION3':
      case 'DYNVC_CAPS_RSP':
      case 'DYNVC_CREATE_REQ':
      case 'DYNVC_CREATE_RSP':
      case 'DYNVC_SOFT_SYNC_REQUEST':
      case 'DYNVC_SOFT_SYNC_RESPONSE':
        this.receiveRolePdu(step, pdu);
        return;
    }
  }

  #receiveData(step: StepBuilder<DynamicChannelEvent>, pdu: DataPdu, pduSize: number): void {
    const { channelId } = pdu;
    if (this.nextChannelState(channelId, 'DYNVC_DATA') === undefined) {
      this.refuse(step, channelId, pdu.name);
      return;
    }
    const channel = this.#channels.get(channelId);
    // In `closing`, data that was under way is of no interest.
    if (channel?.state !== 'open') return;
    try {
      this.#checkCompression(pdu);
      const payload = channel.reassembly.receive(pdu, pduSize - pdu.data.byteLength);
      if (payload !== undefined) step.emit({ type: 'message', channelId, payload });
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
      this.fault(step, channelId, error);
    }
  }

  #checkCompression(pdu: DataPdu): void {
    if (pdu.name === 'DYNVC_DATA' || pdu.name === 'DYNVC_DATA_FIRST') return;
    if (this.#version !== undefined && this.#version < 3) {
      throw new ProtocolError(pdu.name, 'open', `version ${this.#version} has no compressed data`, SPEC);
    }
  }

  #receiveClose(step: StepBuilder<DynamicChannelEvent>, channelId: number): void {
    const next = this.nextChannelState(channelId, 'DYNVC_CLOSE');
    if (next === undefined) {
      this.refuse(step, channelId, 'DYNVC_CLOSE');
      return;
    }
    const answered = this.channelState(channelId) === 'closing';
    this.enter(channelId, next);
    if (answered) return;
    this.answerClose(step, channelId);
    step.emit({ type: 'closed', channelId, by: 'peer' });
  }
}
