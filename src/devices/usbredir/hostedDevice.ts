import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { bytesPerInterval } from '../../../codecs/usb/configurationDescriptor.ts';
import { FeatureSelector, RequestType, type SetupPacket, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { isSetAddress, stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IsochronousPacketResult, UsbOperation, UsbResult, UsbSpeed, UsbTransfer } from '../../ports/usb.ts';
import { findConfiguration, findSetting } from '../../usb/activeConfiguration.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../../usb/results.ts';
import { usbStatusOfUsbredir } from '../../usbredir/status.ts';
import type { LinkPacket } from '../../usbredir/usbredirLink.ts';
import { completeLater, ConnectedDevice } from '../connectedDevice.ts';
import type { HostLink, HostListener } from './hostLink.ts';
import { HostRequests } from './hostRequests.ts';
import { Pace, packetPeriod, streamShape } from './isochronousStreams.ts';
import { Receiving } from './receiving.ts';

type Control = Extract<UsbOperation, { type: 'control' }>;
type Data = Extract<UsbOperation, { type: 'transferIn' | 'transferOut' }>;
type Isochronous = Extract<UsbOperation, { type: 'isochronousIn' | 'isochronousOut' }>;

const DIRECTION_IN = 0x80;
const SHORT_LENGTH = 0xffff;
/** Bytes that the host has not taken, from which on isochronous packets are dropped. */
const UNTAKEN_PACKETS = 1024 * 1024;

/** A device at a usb-host: requests are answered by their ids, periodic endpoints stream once they were used. */
export class UsbredirDevice extends ConnectedDevice implements HostListener {
  readonly #link: HostLink;
  readonly #speed: UsbSpeed;
  readonly #requests: HostRequests;
  /** By bEndpointAddress: IN endpoints that the host reads by itself. */
  readonly #receiving = new Map<number, Receiving>();
  /** By bEndpointAddress: isochronous OUT endpoints. */
  readonly #paces = new Map<number, Pace>();

  constructor(link: HostLink, name: string, speed: UsbSpeed, clock: Clock) {
    super(name, clock);
    this.#link = link;
    this.#speed = speed;
    this.#requests = new HostRequests(link, clock, (problem) => {
      link.fail(new DeviceError('TIMED_OUT', `${name} ${problem}`));
    });
    link.listener = this;
  }

  override lost(error: Error | undefined): void {
    super.lost(error);
  }

  received(packet: LinkPacket): void {
    switch (packet.name) {
      case 'usb_redir_control_packet':
      case 'usb_redir_bulk_packet':
        this.#requests.answered(packet);
        return;
      case 'usb_redir_interrupt_packet':
        if ((packet.endpoint & DIRECTION_IN) !== 0) this.#receiving.get(packet.endpoint)?.received(packet);
        else this.#requests.answered(packet);
        return;
      case 'usb_redir_iso_packet':
        this.#receiving.get(packet.endpoint)?.received(packet);
        return;
      case 'usb_redir_configuration_status':
      case 'usb_redir_alt_setting_status':
        this.#requests.answered({ id: packet.id, status: packet.status });
        return;
      case 'usb_redir_iso_stream_status':
      case 'usb_redir_interrupt_receiving_status':
        if (packet.status !== 0) this.#streamFailed(packet.endpoint, packet.status);
        return;
      default:
        // Descriptions: the descriptors tell more. Filters: rules of this end decide.
        return;
    }
  }

  protected override cancelAll(): void {
    for (const request of this.#requests.pending()) this.#requests.cancel(request);
    this.#stopStreams('cancelled');
  }

  protected override cut(status: 'cancelled' | 'disconnected'): void {
    this.#link.close();
    this.#stopStreams(status);
    for (const request of this.#requests.pending()) this.#requests.end(request, resultOf(status));
  }

  protected override start(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#link.isOver) return completeAtOnce('disconnected', complete);
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'transferIn':
      case 'transferOut':
        return this.#data(operation, complete);
      case 'isochronousIn':
      case 'isochronousOut':
        return this.#isochronous(operation, complete);
      case 'setConfiguration':
      case 'setInterface':
        return this.#select(operation, complete);
      case 'clearHalt':
      case 'resetEndpoint': {
        const { endpointAddress } = operation;
        if (this.active.endpoint(endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        const setup = clearHalt(endpointAddress);
        return this.#control({ type: 'control', setup, data: NO_BYTES, timeout: 0 }, complete);
      }
      case 'abortEndpoint': {
        const { endpointAddress } = operation;
        if (this.active.endpoint(endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        this.#stopStream(endpointAddress, 'cancelled');
        return completeLater(
          this.#requests.abort(this.#requests.pending(endpointAddress)).then(() => resultOf('completed')),
          complete,
        );
      }
      case 'resetDevice':
        return completeLater(this.#reset(), complete);
      case 'cyclePort':
        // The host has it back, and is asked for it anew. The answer first: afterwards there is nobody to give it to.
        completeAtOnce('completed', complete);
        this.#link.close();
        return { cancel: () => {} };
      case 'queryBus':
        return completeAtOnce('notSupported', complete);
    }
  }

  #control(operation: Control, complete: Complete): UsbTransfer {
    const { setup, data, timeout } = operation;
    const isIn = (setup.bmRequestType & DIRECTION_IN) !== 0;
    if (isSetAddress(setup) || data.byteLength !== (isIn ? 0 : setup.wLength)) {
      return completeAtOnce('invalidParameter', complete);
    }
    const change = stateRequestOf(setup);
    // The host has requests of its own for these.
    if (change?.type === 'setConfiguration' || change?.type === 'setInterface') return this.#select(change, complete);
    if (change?.type === 'clearHalt') this.#stopStream(change.endpointAddress, 'cancelled');
    const request = this.#requests.add({
      endpointAddress: 0,
      room: isIn ? setup.wLength : 0,
      sent: data.byteLength,
      complete,
    });
    this.#link.send({
      name: 'usb_redir_control_packet',
      ...request.id,
      endpoint: isIn ? DIRECTION_IN : 0,
      request: setup.bRequest,
      requesttype: setup.bmRequestType,
      status: 0,
      value: setup.wValue,
      index: setup.wIndex,
      length: setup.wLength,
      data,
    });
    if (timeout > 0) this.#requests.after(timeout, request, () => this.#requests.cancel(request, 'timedOut'));
    return { cancel: () => this.#requests.cancel(request) };
  }

  #data(operation: Data, complete: Complete): UsbTransfer {
    const { endpointAddress } = operation;
    const endpoint = this.active.endpoint(endpointAddress);
    if (endpoint === undefined) return completeAtOnce('notFound', complete);
    const isIn = operation.type === 'transferIn';
    const isOther = endpoint.transferType !== 'bulk' && endpoint.transferType !== 'interrupt';
    if (isOther || isIn !== (endpointAddress & DIRECTION_IN) > 0) return completeAtOnce('invalidParameter', complete);
    if (isIn && endpoint.transferType === 'interrupt') {
      return this.#stream(endpoint).read(operation.length, undefined, complete);
    }
    const data = isIn ? NO_BYTES : operation.data;
    const length = isIn ? operation.length : data.byteLength;
    if (length > SHORT_LENGTH && (endpoint.transferType === 'interrupt' || !this.#link.hasLongLengths)) {
      return completeAtOnce('outOfMemory', complete);
    }
    const request = this.#requests.add({ endpointAddress, room: isIn ? length : 0, sent: data.byteLength, complete });
    const common = { ...request.id, endpoint: endpointAddress, status: 0, length, data };
    if (endpoint.transferType === 'interrupt') this.#link.send({ name: 'usb_redir_interrupt_packet', ...common });
    else {
      const { hasLongLengths: hasLengthHigh } = this.#link;
      this.#link.send({ name: 'usb_redir_bulk_packet', ...common, streamId: 0, hasLengthHigh });
    }
    return { cancel: () => this.#requests.cancel(request) };
  }

  #isochronous(operation: Isochronous, complete: Complete): UsbTransfer {
    const { endpointAddress, packetLengths } = operation;
    const endpoint = this.active.endpoint(endpointAddress);
    if (endpoint === undefined) return completeAtOnce('notFound', complete);
    const isIn = operation.type === 'isochronousIn';
    const fits = endpoint.transferType === 'isochronous' && isIn === (endpointAddress & DIRECTION_IN) > 0;
    if (!fits || packetLengths.length === 0) return completeAtOnce('invalidParameter', complete);
    if (operation.type === 'isochronousIn') return this.#stream(endpoint).read(0, packetLengths, complete);
    return this.#play(endpoint, operation, complete);
  }

  #play(
    endpoint: EndpointSetting,
    { data, packetLengths }: Extract<Isochronous, { type: 'isochronousOut' }>,
    complete: Complete,
  ): UsbTransfer {
    const { endpointAddress } = endpoint;
    let pace = this.#paces.get(endpointAddress);
    if (pace === undefined) {
      this.#paces.set(endpointAddress, (pace = new Pace(this.clock, packetPeriod(endpoint, this.#speed))));
      this.#startIsochronous(endpoint);
    }
    // A host that does not read must not fill this end's memory with what it would throw away.
    const isTaken = this.#link.backlog <= UNTAKEN_PACKETS;
    let at = 0;
    for (const length of isTaken ? packetLengths : []) {
      const packet = { endpoint: endpointAddress, status: 0, length, data: data.subarray(at, (at += length)) };
      this.#link.send({ name: 'usb_redir_iso_packet', ...this.#link.numbered(0), ...packet });
    }
    const packets: IsochronousPacketResult[] = packetLengths.map((length) =>
      isTaken ? { status: 'completed', length } : { status: 'failed', length: 0 },
    );
    const request = this.#requests.add({ endpointAddress, room: 0, sent: at, complete, isUnanswered: true });
    this.#requests.after(pace.sent(packetLengths.length), request, () => {
      this.#requests.end(request, { ...resultOf('completed', NO_BYTES, at), packets });
    });
    return { cancel: () => this.#requests.cancel(request) };
  }

  /** What the host reads by itself of an IN endpoint; started at the first read. */
  #stream(endpoint: EndpointSetting): Receiving {
    const { endpointAddress } = endpoint;
    let receiving = this.#receiving.get(endpointAddress);
    if (receiving !== undefined) return receiving;
    this.#receiving.set(endpointAddress, (receiving = new Receiving(bytesPerInterval(endpoint))));
    if (endpoint.transferType === 'isochronous') this.#startIsochronous(endpoint);
    else {
      const id = this.#link.numbered(0);
      this.#link.send({ name: 'usb_redir_start_interrupt_receiving', ...id, endpoint: endpointAddress });
    }
    return receiving;
  }

  #startIsochronous(endpoint: EndpointSetting): void {
    const shape = streamShape(endpoint, this.#speed);
    const id = this.#link.numbered(0);
    this.#link.send({ name: 'usb_redir_start_iso_stream', ...id, endpoint: endpoint.endpointAddress, ...shape });
  }

  /** The host has ended it: the next transfer starts it anew. */
  #streamFailed(endpointAddress: number, status: number): void {
    const failed = usbStatusOfUsbredir(status) === 'stalled' ? 'stalled' : 'failed';
    const receiving = this.#receiving.get(endpointAddress);
    this.#receiving.delete(endpointAddress);
    this.#paces.delete(endpointAddress);
    if (receiving === undefined) return;
    this.#requests.probe(({ status: outcome }) => receiving.end(outcome === 'disconnected' ? outcome : failed));
  }

  #stopStreams(status: 'cancelled' | 'disconnected'): void {
    const endpoints = [...this.#receiving.keys(), ...this.#paces.keys()];
    for (const endpointAddress of endpoints) this.#stopStream(endpointAddress, status);
  }

  #stopStream(endpointAddress: number, status: 'cancelled' | 'disconnected'): void {
    const receiving = this.#receiving.get(endpointAddress);
    const isPlaying = this.#paces.delete(endpointAddress);
    this.#receiving.delete(endpointAddress);
    if (receiving === undefined && !isPlaying) return;
    const isIsochronous = this.active.likelyEndpoint(endpointAddress)?.transferType === 'isochronous';
    const name = isIsochronous ? 'usb_redir_stop_iso_stream' : 'usb_redir_stop_interrupt_receiving';
    this.#link.send({ name, ...this.#link.numbered(0), endpoint: endpointAddress });
    receiving?.end(status);
  }

  /** What streams in the old settings ends with them. */
  #select(
    operation: Extract<UsbOperation, { type: 'setConfiguration' | 'setInterface' }>,
    complete: Complete,
  ): UsbTransfer {
    const { configuration } = this.active;
    const isThere =
      operation.type === 'setConfiguration'
        ? operation.configurationValue === 0 || findConfiguration(this.configurations, operation.configurationValue)
        : configuration && findSetting(configuration, operation);
    if (isThere === undefined) return completeAtOnce('notFound', complete);
    this.#stopStreams('cancelled');
    const noting: Complete = (result) => {
      if (result.status === 'completed') this.active.note(operation);
      complete(result);
    };
    const request = this.#requests.addLimited({ endpointAddress: 0, room: 0, sent: 0, complete: noting });
    if (operation.type === 'setConfiguration') {
      const { configurationValue } = operation;
      this.#link.send({ name: 'usb_redir_set_configuration', ...request.id, configuration: configurationValue });
    } else {
      const { interfaceNumber, alternateSetting: alt } = operation;
      this.#link.send({ name: 'usb_redir_set_alt_setting', ...request.id, interface: interfaceNumber, alt });
    }
    // A host answers when it is done; until then there is nothing that could be cancelled.
    return { cancel: () => {} };
  }

  /** A reset is not answered, but the request behind it. */
  async #reset(): Promise<UsbResult> {
    this.#stopStreams('cancelled');
    await this.#requests.abort(this.#requests.pending());
    if (this.#link.isOver) return resultOf('disconnected');
    this.#link.send({ name: 'usb_redir_reset', ...this.#link.numbered(0) });
    return new Promise((resolve) => this.#requests.probe(resolve));
  }
}

function clearHalt(endpointAddress: number): SetupPacket {
  const bRequest = StandardRequest.CLEAR_FEATURE;
  const wValue = FeatureSelector.ENDPOINT_HALT;
  return { bmRequestType: RequestType.endpoint, bRequest, wValue, wIndex: endpointAddress, wLength: 0 };
}
