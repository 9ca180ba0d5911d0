import type { UsbDevice, UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../../usb/results.ts';
import type { Configuration, EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { RequestType, type SetupPacket, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { isSetAddress, stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import { ActiveConfiguration, findConfiguration, findSetting, initialSettings } from '../../usb/activeConfiguration.ts';
import { errnoOf, LibusbError, statusOf } from './errors.ts';
import { InterfaceClaims } from './interfaceClaims.ts';
import { finished, within } from './nativeCalls.ts';
import { CONTROL_LIMIT, type DevicePresence, Transfers } from './transfers.ts';
import type { NativeCallback, NativeContext, NativeDevice } from './usbBinding.ts';

/** bmRequestType of standard requests that read from the device itself. */
const READ_DEVICE = RequestType.directionIn | RequestType.standard | RequestType.device;
/** For GET_CONFIGURATION while a device is opened, in ms. */
const OPEN_TIMEOUT = 1000;

type KnownDescriptors = Pick<UsbDevice, 'configurations' | 'configurationDescriptors'>;

/** A device while it is open: its claims, its transfers, and which configuration and alternate settings are chosen. */
export class OpenDevice {
  readonly native: NativeDevice;
  readonly #context: NativeContext;
  /** The interfaces that are used; undefined: all. */
  readonly #only: readonly number[] | undefined;
  readonly #descriptors: KnownDescriptors;
  readonly #active: ActiveConfiguration;
  readonly #presence: DevicePresence;
  readonly #claims: InterfaceClaims;
  readonly #transfers: Transfers;
  /** bConfigurationValue; undefined while the device is not configured. */
  #configurationValue: number | undefined;
  #configurationAtOpen: number | undefined;
  /** Resolves when the kernel's drivers may bind again, after another configuration was chosen. */
  #portReleased: Promise<unknown> | undefined;
  /** Operations that change the state of the device run one after the other: the next one waits for this. */
  #sequence: Promise<unknown> = Promise.resolve();
  /** Running operations other than transfers, each with its end. */
  readonly #running = new Map<Complete, Promise<void>>();
  #closing = false;

  /**
   * Opens a device, and claims all interfaces of the configuration that it has, or only those that are given. The configuration is asked for later, but a
   * local driver that runs until then would disturb the reader of the descriptors.
   *
   * @throws NativeError; the device is as before then
   */
  static async open(
    context: NativeContext,
    native: NativeDevice,
    descriptors: KnownDescriptors,
    presence: DevicePresence,
    interfaceNumbers?: readonly number[],
  ): Promise<OpenDevice> {
    native.__open();
    let device: OpenDevice | undefined;
    try {
      device = new OpenDevice(context, native, descriptors, presence, interfaceNumbers);
      await device.#learnConfiguration();
      device.#claimAll();
      return device;
    } catch (error) {
      if (device === undefined) native.__close();
      else await device.close(0); // nothing is under way yet
      throw error;
    }
  }

  private constructor(
    context: NativeContext,
    native: NativeDevice,
    descriptors: KnownDescriptors,
    presence: DevicePresence,
    interfaceNumbers: readonly number[] | undefined,
  ) {
    this.native = native;
    this.#only = interfaceNumbers;
    this.#context = context;
    this.#descriptors = descriptors;
    this.#active = new ActiveConfiguration(descriptors.configurations);
    this.#presence = presence;
    this.#claims = new InterfaceClaims(native);
    this.#transfers = new Transfers(context, native, {
      lost: () => presence.lost(),
      isGone: () => this.#isGone(),
    });
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#closing) return completeAtOnce('disconnected', complete);
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'transferIn': {
        const endpoint = this.#endpoint(operation.endpointAddress, true, false);
        if (typeof endpoint === 'string') return completeAtOnce(endpoint, complete);
        return this.#transfers.receive(endpoint, operation.length, complete);
      }
      case 'transferOut': {
        const endpoint = this.#endpoint(operation.endpointAddress, false, false);
        if (typeof endpoint === 'string') return completeAtOnce(endpoint, complete);
        return this.#transfers.send(endpoint, operation.data, complete);
      }
      case 'isochronousIn':
        return this.#isochronous(operation, undefined, complete);
      case 'isochronousOut':
        return this.#isochronous(operation, operation.data, complete);
      case 'setConfiguration':
        return this.#inTurn(() => this.#setConfiguration(operation.configurationValue), complete);
      case 'setInterface':
        return this.#inTurn(() => this.#setInterface(operation.interfaceNumber, operation.alternateSetting), complete);
      case 'clearHalt':
      // libusb cannot reset only the host's half, so this is the whole of it, with the request on the bus.
      case 'resetEndpoint':
        return this.#inTurn(
          () => this.#call((done) => this.native.__clearHalt(operation.endpointAddress, done)),
          complete,
        );
      case 'abortEndpoint':
        return this.#soon(
          this.#transfers.abort(operation.endpointAddress).then(() => 'completed'),
          complete,
        );
      case 'resetDevice':
      // Nothing can switch a port's power for everybody. Taking the authorization away and giving it back (Linux, root)
      // would bring the kernel's drivers back in between; a reset does what matters, a device in its first state.
      case 'cyclePort':
        return this.#inTurn(() => this.#reset(), complete);
      case 'queryBus':
        return completeAtOnce('notSupported', complete); // libusb knows nothing of the bus
    }
  }

  /**
   * Ends everything and gives everything back. Never rejects. `timeout` is how long it waits for running operations, in
   * ms. Returns when all is given back, which is later than the end of the wait where the kernel keeps something.
   */
  async close(timeout: number): Promise<{ readonly givenBack: Promise<void> }> {
    this.#closing = true;
    const back = Promise.all([this.#transfers.abort(), ...this.#running.values()]);
    const givenBack = back.then(() => this.#giveBack());
    if (await within(timeout, back)) {
      await givenBack;
      return { givenBack };
    }
    // The kernel keeps something (a driver hangs). No caller waits for that, but the device is given back when it ends.
    this.#transfers.abandon();
    for (const complete of this.#running.keys()) completeAtOnce('cancelled', complete);
    this.#running.clear();
    return { givenBack };
  }

  async #giveBack(): Promise<void> {
    await this.#portReleased;
    if (this.#configurationValue !== this.#configurationAtOpen) {
      await this.#claims.release();
      await this.#nativeSetConfiguration(this.#configurationAtOpen); // the kernel calls the drivers by itself then
    }
    await this.#claims.giveBack();
    await this.#transfers.returned();
    this.#transfers.free();
    try {
      this.native.__close();
    } catch {
      // node-usb closes the device when it is collected as garbage.
    }
  }

  #control(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    // The address is between the device and this machine's controller: with another, the device would be lost.
    if (isSetAddress(operation.setup)) return completeAtOnce('invalidParameter', complete);
    const instead = stateRequestOf(operation.setup);
    if (instead !== undefined) return this.submit(instead, complete);
    const known = this.#longConfigurationDescriptor(operation.setup);
    if (known === undefined)
      return this.#transfers.control(operation.setup, operation.data, operation.timeout, complete);
    return completeAtOnce(resultOf('completed', known), complete);
  }

  /** The answer to a request for a configuration descriptor of which the platforms cannot read all in one transfer. */
  #longConfigurationDescriptor({ bmRequestType, bRequest, wValue, wLength }: SetupPacket): Uint8Array | undefined {
    const isRead = bmRequestType === READ_DEVICE && bRequest === StandardRequest.GET_DESCRIPTOR;
    if (wLength <= CONTROL_LIMIT || !isRead || wValue >> 8 !== DescriptorType.CONFIGURATION) return undefined;
    const descriptor = this.#descriptors.configurationDescriptors[wValue & 0xff];
    if (descriptor === undefined || descriptor.byteLength <= CONTROL_LIMIT) return undefined;
    return new Uint8Array(descriptor.subarray(0, wLength));
  }

  /** libusb always starts as soon as possible: `startFrame` cannot be kept. */
  #isochronous(
    operation: Extract<UsbOperation, { type: 'isochronousIn' | 'isochronousOut' }>,
    data: Uint8Array | undefined,
    complete: Complete,
  ): UsbTransfer {
    if (this.#context.hasIsochronous !== true) return completeAtOnce('notSupported', complete); // node-usb cannot
    const endpoint = this.#endpoint(operation.endpointAddress, data === undefined, true);
    if (typeof endpoint === 'string') return completeAtOnce(endpoint, complete);
    return this.#transfers.isochronous(endpoint, operation.packetLengths, data, complete);
  }

  /** A descriptor that is not true must not stop a transfer that the device would have made. */
  #endpoint(endpointAddress: number, isIn: boolean, isIsochronous: boolean): EndpointSetting | UsbStatus {
    if (this.#active.configuration === undefined) return 'notFound';
    const endpoint = this.#active.likelyEndpoint(endpointAddress);
    if (endpoint === undefined) return 'notFound';
    if (((endpointAddress & 0x80) !== 0) !== isIn) return 'invalidParameter';
    if ((endpoint.transferType === 'isochronous') === isIsochronous) return endpoint;
    return isIsochronous ? 'invalidParameter' : 'notSupported';
  }

  /** @throws NativeError when neither libusb nor the device tells */
  async #learnConfiguration(): Promise<void> {
    let value: number | undefined;
    try {
      value = this.native.__getConfigDescriptor().bConfigurationValue;
    } catch (error) {
      // libusb refuses descriptors with flaws that the kernel passes over, so the device itself is asked.
      if (errnoOf(error) !== LibusbError.NOT_FOUND) value = await this.#askConfiguration(error);
    }
    this.#configurationValue = this.#configurationAtOpen = value;
    if (value !== undefined) this.#active.note({ type: 'setConfiguration', configurationValue: value });
  }

  /** @throws `reason` when the device does not tell */
  async #askConfiguration(reason: unknown): Promise<number | undefined> {
    const setup = {
      bmRequestType: READ_DEVICE,
      bRequest: StandardRequest.GET_CONFIGURATION,
      wValue: 0,
      wIndex: 0,
      wLength: 1,
    };
    const { data } = await new Promise<UsbResult>((resolve) => {
      this.#transfers.control(setup, NO_BYTES, OPEN_TIMEOUT, resolve);
    });
    const [value] = data;
    if (value === undefined) throw reason;
    return value === 0 && findConfiguration(this.#descriptors.configurations, 0) === undefined ? undefined : value;
  }

  #claimAll(): void {
    const numbers = this.#active.configuration?.interfaces.map(({ interfaceNumber }) => interfaceNumber) ?? [];
    this.#claims.claim([...new Set(numbers)].filter((each) => this.#isUsed(each)).sort((a, b) => a - b));
  }

  #isUsed(interfaceNumber: number): boolean {
    return this.#only?.includes(interfaceNumber) ?? true;
  }

  /**
   * SELECT_CONFIGURATION usually asks for the configuration that the device has already, as this machine configured it when
   * it was plugged in. SET_CONFIGURATION is not sent then: for the device it is a light reset, which some do not survive
   * (they lose a mode that their driver switched on, or leave the bus). What the request promises is made true in other
   * ways: alternate settings go back to 0 where they are not, and data toggles need nothing, because both ends still agree
   * on them. A halted endpoint stays halted; the next user gets a stall, and clears it.
   */
  async #setConfiguration(value: number): Promise<UsbStatus> {
    const wanted = findConfiguration(this.#descriptors.configurations, value);
    if (wanted === undefined && value !== 0) return 'notFound';
    if (wanted !== undefined && wanted === this.#active.configuration) return this.#restoreSettings(wanted);
    await this.#transfers.abort();
    // Else this machine's drivers would have the new interfaces until they are claimed.
    const release = await this.native.holdPort?.();
    await this.#claims.release(); // the kernel refuses another configuration while an interface is claimed
    const status = await this.#nativeSetConfiguration(wanted?.configurationValue);
    if (status === 'completed') {
      this.#configurationValue = wanted?.configurationValue;
      this.#active.note({ type: 'setConfiguration', configurationValue: value });
    } else {
      this.#interfacesWereReleased();
    }
    try {
      this.#claimAll();
    } catch (error) {
      return status === 'completed' ? statusOf(error) : status;
    } finally {
      // Not waited for: the kernel lets go of the port when the hub is not busy, and that may be with what waits for this.
      this.#portReleased = Promise.all([this.#portReleased, release?.()]);
    }
    return status;
  }

  async #restoreSettings(configuration: Configuration): Promise<UsbStatus> {
    for (const setting of initialSettings(configuration)) {
      const { interfaceNumber, alternateSetting } = setting;
      if (!this.#isUsed(interfaceNumber) || this.#active.setting(interfaceNumber) === setting) continue;
      const status = await this.#setInterface(interfaceNumber, alternateSetting);
      if (status !== 'completed') return status;
    }
    return 'completed';
  }

  /** The kernel chooses the first setting of an interface that is released. */
  #interfacesWereReleased(): void {
    const configurationValue = this.#configurationValue;
    if (configurationValue !== undefined) this.#active.note({ type: 'setConfiguration', configurationValue });
  }

  /** Undefined unconfigures: libusb says -1, for 0 is a configuration that some devices have against the rules. */
  #nativeSetConfiguration(value: number | undefined): Promise<UsbStatus> {
    return this.#call((done) => this.native.__setConfiguration(value ?? -1, done));
  }

  async #setInterface(interfaceNumber: number, alternateSetting: number): Promise<UsbStatus> {
    const status = await this.#call((done) => this.native.__setInterface(interfaceNumber, alternateSetting, done));
    if (status === 'completed') this.#active.note({ type: 'setInterface', interfaceNumber, alternateSetting });
    return status === 'failed' && this.#needsBandwidth(interfaceNumber, alternateSetting) ? 'noBandwidth' : status;
  }

  /**
   * libusb gives the kernel's ENOSPC as "other", as it does a device that refuses its own setting, which is rarer by far.
   */
  #needsBandwidth(interfaceNumber: number, alternateSetting: number): boolean {
    const { configuration } = this.#active;
    const setting = configuration && findSetting(configuration, { interfaceNumber, alternateSetting });
    return setting?.endpoints.some(({ transferType }) => transferType === 'isochronous') ?? false;
  }

  async #reset(): Promise<UsbStatus> {
    await this.#transfers.abort();
    const status = await finished((done) => this.native.reset(done)); // releases, and claims again
    if (status === 'disconnected') this.#presence.lost();
    if (status === 'notFound') {
      // Either an interface could not be claimed again, or the device came back as another one.
      try {
        this.#claimAll();
      } catch {
        this.#presence.lost();
        return 'disconnected';
      }
    }
    this.#interfacesWereReleased();
    return status === 'notFound' ? 'completed' : status;
  }

  #isGone(): boolean {
    try {
      this.native.__isKernelDriverActive(0); // any question that the kernel answers only of a device that is there
    } catch (error) {
      const errno = errnoOf(error);
      // Where the question itself is not known, what libusb said of the transfer has to do.
      if (errno === LibusbError.NO_DEVICE || errno === LibusbError.NOT_SUPPORTED) this.#presence.lost();
    }
    return this.#presence.isGone();
  }

  async #call(call: (done: NativeCallback) => void): Promise<UsbStatus> {
    const status = await finished(call);
    if (status === 'disconnected') this.#presence.lost();
    return status;
  }

  #inTurn(work: () => Promise<UsbStatus>, complete: Complete): UsbTransfer {
    const turn = this.#sequence.then(() => (this.#closing ? 'cancelled' : work()));
    this.#sequence = turn;
    return this.#soon(turn, complete);
  }

  /** For what cannot be cancelled. */
  #soon(work: Promise<UsbStatus>, complete: Complete): UsbTransfer {
    // The key must be this call's own: callers may pass the same function twice.
    const once: Complete = (result) => complete(result);
    const end = work.then((status) => {
      if (this.#running.delete(once)) completeAtOnce(status, once);
    });
    this.#running.set(once, end);
    return { cancel: () => {} };
  }
}
