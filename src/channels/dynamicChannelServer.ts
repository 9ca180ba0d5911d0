import { ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { DynvcCapsRsp } from '../../codecs/dvc/capabilities.ts';
import type { DynvcCreateRsp } from '../../codecs/dvc/create.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import type { DynamicChannelEvent, DynamicChannelOptions } from './dynamicChannelOptions.ts';
import { DynamicChannels, type RolePdu } from './dynamicChannels.ts';
import type { ChannelState } from './dynamicChannelTransitions.ts';
import type { StepBuilder } from './machine.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '2.2.1.2' };
/** Ids are taken from this many, or from two bytes where more channels than that are allowed at a time. */
const ONE_BYTE_IDS = 255;
const TWO_BYTE_IDS = 65535;

export interface DynamicChannelServerOptions extends DynamicChannelOptions {
  /** How long the client may take to answer the capabilities, milliseconds. Default 10000, [MS-RDPEDYC] 3.3.2. */
  readonly capabilitiesTimeout?: number;
  /** How long it may take to answer DYNVC_CREATE_REQ, milliseconds. Default 10000; the specification has no limit. */
  readonly createTimeout?: number;
  /** Ids are above this: those up to it are another's. Default 0. */
  readonly channelIdBase?: number | undefined;
}

/** A channel on its way: `opened` or `refused` will tell. */
export interface CreatedChannel {
  readonly channelId: number;
  readonly outgoing: readonly Parts[];
}

/** The server's end of the dynamic channels, [MS-RDPEDYC] 3.3: it creates them. */
export class DynamicChannelServer extends DynamicChannels {
  readonly #capabilitiesTimeout: number;
  readonly #createTimeout: number;
  readonly #idBase: number;
  /** By channel that is being created, the earliest first. */
  readonly #createDeadlines = new Map<number, number>();
  #lastId = 0;

  /** @throws UsageError */
  constructor(options: DynamicChannelServerOptions = {}) {
    super('server', 'idle', options);
    this.#capabilitiesTimeout = options.capabilitiesTimeout ?? 10_000;
    this.#createTimeout = options.createTimeout ?? 10_000;
    this.#idBase = options.channelIdBase ?? 0;
  }

  /**
   * Asks the client to open a channel; `handleTimeout` closes one that is not answered. `priority` is a class from 0 to 3.
   * @throws UsageError before `ready`, for a name that cannot be sent, and when there are too many channels
   */
  create(channelName: string, now: number, priority = 0): CreatedChannel {
    this.#checkCreate(channelName);
    const channelId = this.#freeId();
    const next = this.nextChannelState(channelId, 'create');
    if (next === undefined) throw new UsageError(`channel ${channelId} is in use`, { code: 'INVALID_STATE' });
    const request = encodeDvcPdu({ name: 'DYNVC_CREATE_REQ', channelId, priority, channelName });
    this.#lastId = channelId - this.#idBase;
    this.enter(channelId, next, channelName);
    this.#createDeadlines.set(channelId, now + this.#createTimeout);
    return { channelId, outgoing: [request] };
  }

  /** Whether a limit lets one more channel be created now. */
  get canCreate(): boolean {
    return (
      this.state === 'ready' &&
      this.channelsIn('creating', 'open').length < this.limits.maximumChannels &&
      this.channelsIn('creating').length < this.limits.maximumPendingCreates
    );
  }

  /**
   * Ends the wait for the client's answer to our close: some clients never send one. Does nothing in other states. It also
   * happens by itself, to the oldest, when more channels wait than may be open.
   */
  releaseClosed(channelId: number): void {
    const next = this.nextChannelState(channelId, 'release');
    if (next !== undefined) this.enter(channelId, next);
  }

  override nextTimeout(): number | undefined {
    const [earliest] = this.#createDeadlines.values();
    // Nothing is created before the capabilities are agreed.
    return super.nextTimeout() ?? earliest;
  }

  override handleTimeout(now: number): StepBuilder<DynamicChannelEvent> {
    const step = super.handleTimeout(now);
    for (const [channelId, deadline] of this.#createDeadlines) {
      if (deadline > now) break;
      this.#createDeadlines.delete(channelId);
      const problem = `no answer within ${this.#createTimeout} ms`;
      this.fault(step, channelId, new ProtocolError('DYNVC_CREATE_REQ', 'creating', problem, SPEC, 'TIMED_OUT'));
    }
    return step;
  }

  /** No answer is waited for any more. */
  protected override left(channelId: number, state: ChannelState): void {
    if (state === 'creating') this.#createDeadlines.delete(channelId);
  }

  protected override begin(step: StepBuilder<DynamicChannelEvent>): number {
    this.moveConnection('start');
    step.send(encodeCapabilities(this.ownVersion, this.ownPdus));
    return this.#capabilitiesTimeout;
  }

  protected override receiveRolePdu(step: StepBuilder<DynamicChannelEvent>, pdu: RolePdu): void {
    switch (pdu.name) {
      case 'DYNVC_CAPS_RSP':
        this.#receiveCapabilities(step, pdu);
        return;
      case 'DYNVC_CREATE_RSP':
        this.#receiveCreateResponse(step, pdu);
        return;
      case 'DYNVC_CAPS_VERSION1':
      case 'DYNVC_CAPS_VERSION2':
      case 'DYNVC_CAPS_VERSION3':
      case 'DYNVC_CREATE_REQ':
      case 'DYNVC_SOFT_SYNC_REQUEST':
      case 'DYNVC_SOFT_SYNC_RESPONSE':
        this.ignore(step, pdu.name, this.state, 'answers nothing that was asked');
        return;
    }
  }

  /** A client's close is not answered, [MS-RDPEDYC] 3.3.5.2. */
  protected override answerClose(): void {}

  #receiveCapabilities(step: StepBuilder<DynamicChannelEvent>, { name, version, largePdus }: DynvcCapsRsp): void {
    if (version === 0) {
      this.fail(step, new ProtocolError(name, this.state, 'version 0 does not exist', SPEC));
    } else if (this.moveConnection('DYNVC_CAPS_RSP')) {
      this.becomeReady(step, Math.min(version, this.ownVersion), largePdus);
    } else {
      this.ignore(step, name, this.state, 'answers nothing that was asked');
    }
  }

  #receiveCreateResponse(step: StepBuilder<DynamicChannelEvent>, pdu: DynvcCreateRsp): void {
    const { name, channelId, creationStatus } = pdu;
    const channel = this.channel(channelId);
    const input = creationStatus < 0 ? 'DYNVC_CREATE_RSP refused' : 'DYNVC_CREATE_RSP accepted';
    const next = this.nextChannelState(channelId, input);
    if (next === undefined || channel === undefined) {
      this.refuse(step, channelId, name);
      return;
    }
    const { state, channelName } = channel;
    this.enter(channelId, next);
    // One that we closed before the answer came has been reported as closed.
    if (state === 'closing') return;
    step.emit(
      creationStatus < 0
        ? { type: 'refused', channelId, channelName, creationStatus }
        : { type: 'opened', channelId, channelName },
    );
  }

  #checkCreate(channelName: string): void {
    if (this.state !== 'ready')
      throw new UsageError(`no channel can be created while capabilities are ${this.state}`, { code: 'INVALID_STATE' });
    if (channelName === '' || channelName.length > this.limits.maximumNameLength) {
      throw new UsageError(`a channel name has 1 to ${this.limits.maximumNameLength} characters`);
    }
    if (this.channelsIn('creating', 'open').length >= this.limits.maximumChannels) {
      throw new UsageError(`${this.limits.maximumChannels} channels are in use: close one, or raise maximumChannels`, {
        code: 'INVALID_STATE',
      });
    }
    if (this.channelsIn('creating').length >= this.limits.maximumPendingCreates) {
      throw new UsageError(`${this.limits.maximumPendingCreates} creates wait for their answer: wait for one`, {
        code: 'INVALID_STATE',
      });
    }
  }

  /**
   * The next free id after the last one, round and round: what is still under way for an id that was just freed (old
   * Windows clients close what they refused) so never meets a new channel.
   */
  #freeId(): number {
    const [oldest, ...waiting] = this.channelsIn('closing');
    if (oldest !== undefined && waiting.length >= this.limits.maximumChannels) this.releaseClosed(oldest);
    const count = 2 * this.limits.maximumChannels < ONE_BYTE_IDS ? ONE_BYTE_IDS : TWO_BYTE_IDS;
    for (let step = 0; step < count; step++) {
      const channelId = this.#idBase + ((this.#lastId + step) % count) + 1;
      if (this.channelState(channelId) === 'closed') return channelId;
    }
    throw new UsageError(`all ${count} channel ids are in use`, { code: 'INVALID_STATE' });
  }
}

/** All charges are 0: every class is sent at once, because nothing here is held back for another. */
function encodeCapabilities(version: number, ownPdus: { readonly largePdus?: true }): Parts {
  const charges = { priorityCharge0: 0, priorityCharge1: 0, priorityCharge2: 0, priorityCharge3: 0 };
  switch (version) {
    case 1:
      return encodeDvcPdu({ name: 'DYNVC_CAPS_VERSION1', ...ownPdus });
    case 2:
      return encodeDvcPdu({ name: 'DYNVC_CAPS_VERSION2', ...charges, ...ownPdus });
    default:
      return encodeDvcPdu({ name: 'DYNVC_CAPS_VERSION3', version, ...charges, ...ownPdus });
  }
}
