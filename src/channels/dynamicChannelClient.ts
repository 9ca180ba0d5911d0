import { ProtocolError } from '../../codecs/core/errors.ts';
import { CreationStatus, type DynvcCreateReq } from '../../codecs/dvc/create.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import type { DynamicChannelEvent, DynamicChannelOptions } from './dynamicChannelOptions.ts';
import { DynamicChannels, type RolePdu } from './dynamicChannels.ts';
import type { StepBuilder } from './machine.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '3.2.5.2' };

export interface DynamicChannelClientOptions extends DynamicChannelOptions {
  /** Whether a channel of this name is welcome; asked at every create request. Must not throw. */
  readonly listeners: (channelName: string) => boolean;
}

/** The client's end of the dynamic channels, [MS-RDPEDYC] 3.2: it answers. */
export class DynamicChannelClient extends DynamicChannels {
  readonly #listeners: (channelName: string) => boolean;

  /** @throws UsageError */
  constructor(options: DynamicChannelClientOptions) {
    super('client', 'awaitingCapabilities', options);
    this.#listeners = options.listeners;
  }

  /** A client has nothing to say first, and waits for as long as it takes. */
  protected override begin(): undefined {}

  protected override receiveRolePdu(step: StepBuilder<DynamicChannelEvent>, pdu: RolePdu): void {
    switch (pdu.name) {
      case 'DYNVC_CAPS_VERSION1':
        this.#receiveCapabilities(step, 1, pdu.largePdus);
        return;
      case 'DYNVC_CAPS_VERSION2':
        this.#receiveCapabilities(step, 2, pdu.largePdus);
        return;
      case 'DYNVC_CAPS_VERSION3':
        this.#receiveCapabilities(step, pdu.version, pdu.largePdus);
        return;
      case 'DYNVC_CREATE_REQ':
        this.#receiveCreateRequest(step, pdu);
        return;
      case 'DYNVC_SOFT_SYNC_REQUEST':
        this.#receiveSoftSync(step, pdu.name);
        return;
      case 'DYNVC_CAPS_RSP':
      case 'DYNVC_CREATE_RSP':
      case 'DYNVC_SOFT_SYNC_RESPONSE':
        this.ignore(step, pdu.name, this.state, 'answers nothing that was asked');
        return;
    }
  }

  /** Windows and FreeRDP answer a server's close, so this does too: the server can then use the id again. */
  protected override answerClose(step: StepBuilder<DynamicChannelEvent>, channelId: number): void {
    step.send(encodeDvcPdu({ name: 'DYNVC_CLOSE', channelId }));
  }

  /** It waits for nothing. */
  protected override left(): void {}

  /** Capabilities that come again are answered like the first time; what was agreed stays. */
  #receiveCapabilities(step: StepBuilder<DynamicChannelEvent>, serverVersion: number, largePdus = false): void {
    const again = this.state === 'ready';
    if (!this.moveConnection('DYNVC_CAPS')) return;
    const version = Math.min(serverVersion, this.ownVersion);
    // Only who has said so is told that we do too.
    step.send(encodeDvcPdu({ name: 'DYNVC_CAPS_RSP', version, ...(largePdus ? this.ownPdus : {}) }));
    if (!again) this.becomeReady(step, version, largePdus);
  }

  #receiveCreateRequest(step: StepBuilder<DynamicChannelEvent>, pdu: DynvcCreateReq): void {
    const unannounced = this.state === 'awaitingCapabilities';
    if (!this.moveConnection('DYNVC_CREATE_REQ')) return;
    if (unannounced) {
      // A server that skips the capabilities gets them all the same, as from FreeRDP, and its channel.
      step.send(encodeDvcPdu({ name: 'DYNVC_CAPS_RSP', version: this.ownVersion }));
      this.becomeReady(step, this.ownVersion);
    }
    const { channelId, channelName } = pdu;
    if (this.channelState(channelId) !== 'closed') {
      const problem = `channel ${channelId} is in use`;
      this.fault(step, channelId, new ProtocolError(pdu.name, this.channelState(channelId), problem, SPEC));
      return;
    }
    const creationStatus = this.#creationStatus(channelName);
    const accepted = creationStatus >= 0;
    const next = this.nextChannelState(channelId, accepted ? 'DYNVC_CREATE_REQ accepted' : 'DYNVC_CREATE_REQ refused');
    if (next === undefined) return;
    this.enter(channelId, next, channelName);
    step.send(encodeDvcPdu({ name: 'DYNVC_CREATE_RSP', channelId, creationStatus }));
    step.emit(
      accepted
        ? { type: 'opened', channelId, channelName }
        : { type: 'refused', channelId, channelName, creationStatus },
    );
  }

  #creationStatus(channelName: string): number {
    if (channelName.length > this.limits.maximumNameLength || !this.#listeners(channelName)) {
      return CreationStatus.notFound;
    }
    return this.channelsIn('open').length >= this.limits.maximumChannels ? CreationStatus.noMemory : CreationStatus.ok;
  }

  /** There are no tunnels here, so none is switched and all channels stay; the server is told so. */
  #receiveSoftSync(step: StepBuilder<DynamicChannelEvent>, name: string): void {
    if (this.moveConnection('DYNVC_SOFT_SYNC_REQUEST')) {
      step.send(encodeDvcPdu({ name: 'DYNVC_SOFT_SYNC_RESPONSE', tunnelsToSwitch: [] }));
    } else {
      this.ignore(step, name, this.state, 'comes before the capabilities');
    }
  }
}
