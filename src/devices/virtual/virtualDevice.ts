import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  UsbBusQuery,
  UsbDevice,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbStatus,
  UsbTransfer,
} from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { frameAt } from '../../usb/isochronous/frameTimeline.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../../usb/results.ts';
import { readDescription, type DeviceDescription, type DeviceLocation } from './deviceDescription.ts';
import { abort, DeviceState, type ActiveEndpoint, type DeviceEndpoints } from './deviceState.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { StandardRequests } from './standardRequests.ts';

/** Where a virtual device is plugged in: what its source wants to know of it. */
export interface VirtualPort {
  readonly location: DeviceLocation;
  /** The device went away; when it `comesBack`, {@link VirtualPort.returned} is called once it may be opened again. */
  unplugged(comesBack: boolean): void;
  returned(): void;
}

type IsochronousOperation = Extract<UsbOperation, { type: 'isochronousIn' | 'isochronousOut' }>;

const NOWHERE: DeviceLocation = { busNumber: 0, deviceAddress: 0, portPath: '0-0' };

/**
 * A USB device made of software. This class does what every device does: standard requests ([USB 2.0] chapter 9),
 * configurations, endpoints with their packets and halts, cancelling, plugging. A concrete device says what it is (the
 * description) and overrides `handleControl` and `handleOut`; it sends through `endpoints`.
 *
 * Each time it is opened, a device is in its first configuration, as an operating system leaves it. It may be opened again
 * after it was closed. Isochronous transfers need a clock, whose milliseconds are the frames of the bus; without one they
 * answer `notSupported`.
 */
export abstract class VirtualDevice implements UsbDevice {
  /** How a concrete device sends, halts, and asks for what it was not ready for. */
  protected readonly endpoints: DeviceEndpoints;
  readonly #description: DeviceDescription;
  readonly #configurations: readonly Configuration[];
  readonly #identity: Omit<UsbDeviceIdentity, keyof DeviceLocation>;
  readonly #clock: Clock | undefined;
  readonly #state: DeviceState;
  readonly #standard: StandardRequests;
  #gone = new AbortController();
  #port: VirtualPort | undefined;
  /** Stays as it was after the device is pulled out. */
  #location = NOWHERE;
  #isOpen = false;
  #closing: Promise<void> | undefined;
  #comesBack = false;
  #reconnects = false;

  /** @throws DecodeError when the descriptors are wrong. */
  protected constructor(description: DeviceDescription, clock?: Clock) {
    const { identity, configurations, attributes } = readDescription(description);
    this.#description = description;
    this.#configurations = configurations;
    this.#identity = identity;
    this.#clock = clock;
    this.#state = new DeviceState(
      configurations,
      { clock, speed: description.speed },
      {
        handleOut: (endpointAddress, data) => this.handleOut(endpointAddress, data),
        drained: (endpointAddress) => this.drained(endpointAddress),
        haltCleared: (endpointAddress) => this.haltCleared(endpointAddress),
        sendIsochronous: (endpointAddress, frame) => this.sendIsochronous(endpointAddress, frame),
        receiveIsochronous: (endpointAddress, data, frame) => this.receiveIsochronous(endpointAddress, data, frame),
        reset: (interfaceNumber) => this.reset(interfaceNumber),
      },
    );
    this.#standard = new StandardRequests(description, attributes, this.#state);
    this.endpoints = this.#state;
  }

  /** With the place where its source has plugged it in. */
  get identity(): UsbDeviceIdentity {
    return { ...this.#identity, ...this.#location };
  }

  get deviceDescriptor(): Uint8Array {
    return this.#description.deviceDescriptor;
  }

  get configurationDescriptors(): readonly Uint8Array[] {
    return this.#description.configurationDescriptors;
  }

  get configurations(): readonly Configuration[] {
    return this.#configurations;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** @throws DeviceError when it is open already, or unplugged. */
  async open(): Promise<void> {
    await this.#closing;
    if (this.#gone.signal.aborted)
      throw new DeviceError('DEVICE_GONE', `${this.#name()} is unplugged: plug it in again`);
    if (this.#isOpen) throw new DeviceError('DEVICE_IN_USE', `${this.#name()} is in use: close it first`);
    this.#isOpen = true;
    this.#state.setConfiguration(this.#configurations[0]?.configurationValue ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  /** Answers standard requests itself and gives others to the device. */
  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const isThere = this.#isOpen && this.#closing === undefined && !this.#gone.signal.aborted;
    if (!isThere) return completeAtOnce('disconnected', complete);
    switch (operation.type) {
      case 'control':
        completeAtOnce(this.#control(operation.setup, operation.data), complete);
        if (this.#reconnects) this.#leave(true);
        return { cancel: () => {} };
      case 'transferIn':
        return this.#transferIn(operation.endpointAddress, operation.length, complete);
      case 'transferOut':
        return this.#transferOut(operation.endpointAddress, operation.data, complete);
      case 'isochronousIn':
      case 'isochronousOut':
        return this.#isochronous(operation, complete);
      case 'setConfiguration':
        return completeAtOnce(found(this.#state.setConfiguration(operation.configurationValue)), complete);
      case 'setInterface':
        return completeAtOnce(
          found(this.#state.setInterface(operation.interfaceNumber, operation.alternateSetting)),
          complete,
        );
      case 'clearHalt':
        return completeAtOnce(found(this.#state.clearHalt(operation.endpointAddress)), complete);
      case 'resetEndpoint':
        // There is no host controller in between that keeps a halt or a toggle of its own.
        return completeAtOnce(found(this.#state.endpoint(operation.endpointAddress) !== undefined), complete);
      case 'abortEndpoint':
        return this.#abortEndpoint(this.#state.endpoint(operation.endpointAddress), complete);
      case 'resetDevice':
        this.#state.reset();
        return completeAtOnce('completed', complete);
      case 'cyclePort':
        // The answer first: afterwards there is nobody to give it to.
        completeAtOnce('completed', complete);
        this.#leave(true);
        return { cancel: () => {} };
      case 'queryBus':
        return completeAtOnce(this.#queryBus(operation.query), complete);
    }
  }

  /** Pulls the device out: everything that is pending ends as `disconnected`, and `gone` is aborted. */
  unplug(): void {
    this.#leave(false);
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the host has chosen a configuration. */
  protected get isConfigured(): boolean {
    return this.configurationValue !== 0;
  }

  /** Which configuration the host has chosen; 0: none. */
  protected get configurationValue(): number {
    return this.#state.configurationValue;
  }

  /** Within `handleControl`: the device unplugs itself when the request has its result, and is plugged in again. */
  protected reconnect(): void {
    this.#reconnects = true;
  }

  /**
   * @internal sources call this, to plug the device in or (undefined) to let go of it
   * @throws DeviceError when it is still open since before it was unplugged
   */
  plugIn(port: VirtualPort | undefined): void {
    if (port !== undefined && this.#gone.signal.aborted) {
      if (this.#isOpen) {
        throw new DeviceError('DEVICE_IN_USE', `${this.#name()} was unplugged and not closed yet: close it first`);
      }
      this.#gone = new AbortController();
    }
    this.#port = port;
    if (port !== undefined) this.#location = port.location;
  }

  /** Frees what the device holds, such as its image file. Sources call it when they close. */
  async dispose(): Promise<void> {
    await this.close();
  }

  /**
   * A class or vendor request, or a standard one that not every device has.
   * @returns bytes for the data stage (empty for OUT), of which the host gets no more than it asked for; undefined stalls.
   */
  protected abstract handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined;

  /** One whole OUT transfer. Devices without OUT endpoints need not override it. */
  protected handleOut(endpointAddress: number, data: Uint8Array): OutAnswer;
  protected handleOut(): OutAnswer {
    return { type: 'stalled', accepted: 0 };
  }

  /** The host has taken all that was sent on this endpoint. */
  protected drained(endpointAddress: number): void;
  protected drained(): void {}

  /** The host cleared a halt; a device that insists on it stalls again in here. */
  protected haltCleared(endpointAddress: number): void;
  protected haltCleared(): void {}

  /**
   * The packet that an isochronous IN endpoint sends in this frame, which may be empty; undefined: it sends none. Asked
   * for only while the host takes packets. The bytes must not change any more.
   */
  protected sendIsochronous(endpointAddress: number, frame: number): Uint8Array | undefined;
  protected sendIsochronous(): Uint8Array | undefined {
    return undefined;
  }

  /** A packet came to an isochronous OUT endpoint. It is the host's: to be read at once and not to be kept. */
  protected receiveIsochronous(endpointAddress: number, data: Uint8Array, frame: number): void;
  protected receiveIsochronous(): void {}

  /** The device is configured anew or was reset, or one of its interfaces was: nothing of before counts there. */
  protected reset(interfaceNumber: number | undefined): void;
  protected reset(): void {}

  #control(setup: SetupPacket, data: Uint8Array): UsbResult {
    const isIn = (setup.bmRequestType & RequestType.directionIn) !== 0;
    if (data.byteLength !== (isIn ? 0 : setup.wLength)) return resultOf('invalidParameter');
    const standard = this.#standard.answer(setup);
    const answer = standard === 'unknown' ? (this.handleControl(setup, data) ?? 'stalled') : standard;
    if (answer === 'stalled') return resultOf('stalled');
    if (!isIn) return resultOf('completed', NO_BYTES, data.byteLength);
    // A copy: the receiver owns the result, and descriptors are asked for again.
    const sent = new Uint8Array(answer.subarray(0, setup.wLength));
    return resultOf('completed', sent);
  }

  #transferIn(endpointAddress: number, length: number, complete: Complete): UsbTransfer {
    const endpoint = this.#state.endpoint(endpointAddress);
    if (endpoint?.pipe?.direction !== 'in') return completeAtOnce(misuse(endpoint), complete);
    return endpoint.pipe.submit(length, complete);
  }

  #transferOut(endpointAddress: number, data: Uint8Array, complete: Complete): UsbTransfer {
    const endpoint = this.#state.endpoint(endpointAddress);
    if (endpoint?.pipe?.direction !== 'out') return completeAtOnce(misuse(endpoint), complete);
    return endpoint.pipe.submit(data, complete);
  }

  #isochronous(operation: IsochronousOperation, complete: Complete): UsbTransfer {
    const { type, endpointAddress, packetLengths, startFrame } = operation;
    const endpoint = this.#state.endpoint(endpointAddress);
    const isIn = (endpointAddress & RequestType.directionIn) !== 0;
    const fits = endpoint?.setting.transferType === 'isochronous' && isIn === (type === 'isochronousIn');
    if (!fits) return completeAtOnce(misuse(endpoint), complete);
    if (endpoint.isochronous === undefined) return completeAtOnce('notSupported', complete);
    const packets =
      operation.type === 'isochronousIn'
        ? ({ direction: 'in', packetLengths } as const)
        : ({ direction: 'out', packetLengths, data: operation.data } as const);
    return endpoint.isochronous.submit(packets, startFrame, complete);
  }

  /** The frames are those in which isochronous transfers start. */
  #queryBus(query: UsbBusQuery): UsbResult {
    const isAboutTime = query === 'frameNumber' || query === 'busTime';
    if (!isAboutTime || this.#clock === undefined) return resultOf('notSupported');
    return { ...resultOf('completed'), busAnswer: { query, frameNumber: frameAt(this.#clock.now()) } };
  }

  #abortEndpoint(endpoint: ActiveEndpoint | undefined, complete: Complete): UsbTransfer {
    if (endpoint === undefined) return completeAtOnce('notFound', complete);
    const done = abort(endpoint, 'cancelled');
    if (done === undefined) return completeAtOnce('completed', complete);
    this.#state.waitFor(done.then(() => complete(resultOf('completed'))));
    return { cancel: () => {} };
  }

  #leave(comesBack: boolean): void {
    this.#reconnects = false;
    if (this.#gone.signal.aborted) return;
    const port = this.#port;
    this.#comesBack = comesBack && port !== undefined;
    void this.#state.abortAll('disconnected');
    this.#gone.abort(new DeviceError('DEVICE_GONE', `${this.#name()} was unplugged`));
    port?.unplugged(comesBack);
    if (!this.#isOpen) this.#return();
  }

  async #end(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#state.abortAll('cancelled');
    this.#state.setConfiguration(0);
    this.#isOpen = false;
    this.#return();
  }

  #return(): void {
    if (!this.#comesBack) return;
    this.#comesBack = false;
    this.#port?.returned();
  }

  #name(): string {
    return `virtual device ${this.#identity.productName ?? 'without a name'}`;
  }
}

function found(isThere: boolean): UsbStatus {
  return isThere ? 'completed' : 'notFound';
}

/** Why an endpoint cannot do what is asked of it. */
function misuse(endpoint: ActiveEndpoint | undefined): UsbStatus {
  return endpoint === undefined ? 'notFound' : 'invalidParameter';
}
