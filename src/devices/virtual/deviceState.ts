import {
  bytesPerInterval,
  type Configuration,
  type EndpointSetting,
  type InterfaceSetting,
  packetSizeOf,
} from '../../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbSpeed, UsbStatus } from '../../ports/usb.ts';
import { ActiveConfiguration, findConfiguration, findSetting } from '../../usb/activeConfiguration.ts';
import { InEndpoint } from './inEndpoint.ts';
import { IsochronousEndpoint } from './isochronousEndpoint.ts';
import { OutEndpoint, type OutAnswer } from './outEndpoint.ts';

const DIRECTION_IN = 0x80;
/** Milliseconds. */
const MICROFRAME = 0.125;

/** Events of endpoints, for the device. */
export interface EndpointListener {
  handleOut(endpointAddress: number, data: Uint8Array): OutAnswer;
  /** The host has taken all that was sent. */
  drained(endpointAddress: number): void;
  /** The host cleared the halt of an endpoint; the device may halt it again before anything gets through. */
  haltCleared(endpointAddress: number): void;
  /** The packet of this frame; undefined: none. */
  sendIsochronous(endpointAddress: number, frame: number): Uint8Array | undefined;
  receiveIsochronous(endpointAddress: number, data: Uint8Array, frame: number): void;
  /**
   * Endpoints begin anew: all of them with another configuration or after a reset, those of one interface with another
   * alternate setting.
   */
  reset(interfaceNumber: number | undefined): void;
}

/** The bus as isochronous endpoints see it: frames and time. */
export interface BusTiming {
  /** Undefined: there is no time, and so nothing isochronous. */
  readonly clock: Clock | undefined;
  readonly speed: UsbSpeed;
}

/** An endpoint of the settings that are chosen now. */
export interface ActiveEndpoint {
  readonly setting: EndpointSetting;
  /** Undefined: an isochronous endpoint, or a device without a clock that has one. */
  readonly pipe: InEndpoint | OutEndpoint | undefined;
  readonly isochronous: IsochronousEndpoint | undefined;
}

/** Operations of a device on its endpoints. Calls for endpoints that the host has not configured are ignored. */
export interface DeviceEndpoints {
  /** Bytes for the host, to be taken when it asks. They must not change any more. False: there is no such endpoint now. */
  send(endpointAddress: number, data: Uint8Array): boolean;
  /** Halts the endpoint; an IN endpoint once the host has taken what was sent before. */
  stall(endpointAddress: number): void;
  /** Forgets what was sent and not yet taken. */
  discard(endpointAddress: number): void;
  /** Asks for the transfer again for which the device was not ready. */
  resume(endpointAddress: number): void;
}

/** Which configuration and alternate settings a device has, and the endpoints that follow from them, [USB 2.0] 9.1.1.5. */
export class DeviceState implements DeviceEndpoints {
  readonly #configurations: readonly Configuration[];
  readonly #listener: EndpointListener;
  readonly #timing: BusTiming;
  readonly #active: ActiveConfiguration;
  readonly #endpoints = new Map<number, ActiveEndpoint>();
  /** Work that must end before the device is closed, beside the transfers of its endpoints. */
  readonly #lingering = new Set<Promise<void>>();

  constructor(configurations: readonly Configuration[], timing: BusTiming, listener: EndpointListener) {
    this.#configurations = configurations;
    this.#active = new ActiveConfiguration(configurations);
    this.#timing = timing;
    this.#listener = listener;
  }

  /** bConfigurationValue; 0: not configured. */
  get configurationValue(): number {
    return this.#active.configuration?.configurationValue ?? 0;
  }

  /** The alternate setting of an interface; undefined: no such interface in this configuration. */
  alternateSetting(interfaceNumber: number): number | undefined {
    return this.#active.setting(interfaceNumber)?.alternateSetting;
  }

  endpoint(endpointAddress: number): ActiveEndpoint | undefined {
    return this.#endpoints.get(endpointAddress);
  }

  /** 0 unconfigures. Transfers end as cancelled, halts are forgotten. False: no such configuration. */
  setConfiguration(configurationValue: number): boolean {
    const isThere = findConfiguration(this.#configurations, configurationValue) !== undefined;
    if (!isThere && configurationValue !== 0) return false;
    this.#active.note({ type: 'setConfiguration', configurationValue });
    this.reset();
    return true;
  }

  /** False: no such interface or setting. */
  setInterface(interfaceNumber: number, alternateSetting: number): boolean {
    const { configuration } = this.#active;
    const setting = configuration && findSetting(configuration, { interfaceNumber, alternateSetting });
    if (setting === undefined) return false;
    const old: ActiveEndpoint[] = [];
    for (const { endpointAddress } of this.#active.setting(interfaceNumber)?.endpoints ?? []) {
      const endpoint = this.#endpoints.get(endpointAddress);
      if (endpoint !== undefined) old.push(endpoint);
      this.#endpoints.delete(endpointAddress);
    }
    this.#active.note({ type: 'setInterface', interfaceNumber, alternateSetting });
    this.#activate(setting);
    this.#listener.reset(interfaceNumber);
    this.#retire(old);
    return true;
  }

  /** A bus reset after which the host chose the same configuration and settings again: transfers end, halts are gone. */
  reset(): void {
    const old = [...this.#endpoints.values()];
    this.#endpoints.clear();
    for (const setting of this.#active.settings) this.#activate(setting);
    this.#listener.reset(undefined);
    this.#retire(old);
  }

  /** False: no such endpoint. */
  setHalt(endpointAddress: number): boolean {
    const pipe = this.#endpoints.get(endpointAddress)?.pipe;
    pipe?.halt();
    return pipe !== undefined;
  }

  /** False: no such endpoint. */
  clearHalt(endpointAddress: number): boolean {
    const endpoint = this.#endpoints.get(endpointAddress);
    // An isochronous endpoint has no halt, [USB 2.0] 9.4.5: clearing it changes nothing.
    endpoint?.pipe?.clearHalt(() => this.#listener.haltCleared(endpointAddress));
    return endpoint !== undefined;
  }

  /** Ends all transfers; resolves when those are over which the device is still at. */
  async abortAll(status: UsbStatus): Promise<void> {
    const ends = [...this.#endpoints.values()].map((endpoint) => abort(endpoint, status));
    await Promise.all([...ends, ...this.#lingering]);
  }

  /** Lets {@link abortAll} wait for this too. */
  waitFor(done: Promise<void>): void {
    this.#lingering.add(done);
    void done.then(() => this.#lingering.delete(done));
  }

  send(endpointAddress: number, data: Uint8Array): boolean {
    const pipe = this.#endpoints.get(endpointAddress)?.pipe;
    if (pipe?.direction !== 'in') return false;
    pipe.send(data);
    return true;
  }

  stall(endpointAddress: number): void {
    const pipe = this.#endpoints.get(endpointAddress)?.pipe;
    if (pipe?.direction === 'in') pipe.haltAfterData();
    if (pipe?.direction === 'out') pipe.halt();
  }

  discard(endpointAddress: number): void {
    const pipe = this.#endpoints.get(endpointAddress)?.pipe;
    if (pipe?.direction === 'in') pipe.discard();
  }

  resume(endpointAddress: number): void {
    const pipe = this.#endpoints.get(endpointAddress)?.pipe;
    if (pipe?.direction === 'out') pipe.resume();
  }

  #retire(old: readonly ActiveEndpoint[]): void {
    for (const endpoint of old) {
      const done = abort(endpoint, 'cancelled');
      if (done !== undefined) this.waitFor(done);
    }
  }

  #activate(setting: InterfaceSetting): void {
    for (const endpoint of setting.endpoints) {
      const pipe = this.#pipe(endpoint);
      const isochronous = this.#isochronous(endpoint);
      this.#endpoints.set(endpoint.endpointAddress, { setting: endpoint, pipe, isochronous });
    }
  }

  #pipe(endpoint: EndpointSetting): InEndpoint | OutEndpoint | undefined {
    const { endpointAddress, transferType } = endpoint;
    if (transferType === 'isochronous' || transferType === 'control') return undefined;
    if ((endpointAddress & DIRECTION_IN) === 0) {
      return new OutEndpoint((data) => this.#listener.handleOut(endpointAddress, data));
    }
    return new InEndpoint(packetSizeOf(endpoint), () => this.#listener.drained(endpointAddress));
  }

  #isochronous(endpoint: EndpointSetting) {
    const { endpointAddress, transferType, interval } = endpoint;
    const { clock, speed } = this.#timing;
    if (clock === undefined || transferType !== 'isochronous') return undefined;
    const isFull = speed === 'low' || speed === 'full';
    const period = 2 ** Math.min(Math.max(interval - 1, 0), 15) * (isFull ? 1 : MICROFRAME);
    const size = isFull ? packetSizeOf(endpoint) : bytesPerInterval(endpoint);
    return new IsochronousEndpoint({ clock, period }, size, {
      send: (frame) => this.#listener.sendIsochronous(endpointAddress, frame),
      receive: (data, frame) => this.#listener.receiveIsochronous(endpointAddress, data, frame),
    });
  }
}

/** Ends all transfers of an endpoint; the promise, if any, is that of the one which the device is still at. */
export function abort({ pipe, isochronous }: ActiveEndpoint, status: UsbStatus): Promise<void> | undefined {
  isochronous?.abort(status);
  return pipe?.abort(status);
}
