import type { UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { isSetAddress, stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import {
  type ConfigurationLayout,
  type EndpointLayout,
  findEndpoint,
  interfaceNumbers,
  readConfigurationLayout,
} from './configurationLayout.ts';
import { errnoOf, LibusbError, statusOf } from './errors.ts';
import { InterfaceClaims } from './interfaceClaims.ts';
import { finished } from './nativeCalls.ts';
import { Transfers, ended, type DevicePresence } from './transfers.ts';
import type { NativeCallback, NativeContext, NativeDevice } from './usbBinding.ts';

const ISOCHRONOUS = 1;

type Complete = (result: UsbResult) => void;

/** A device while it is open: its claims, its transfers, and which configuration and alternate settings are chosen. */
export class OpenDevice {
  readonly native: NativeDevice;
  readonly #layouts: readonly ConfigurationLayout[];
  readonly #presence: DevicePresence;
  readonly #claims: InterfaceClaims;
  readonly #transfers: Transfers;
  readonly #configurationAtOpen: number;
  readonly #alternates = new Map<number, number>();
  #configurationValue: number;
  /** What changes the device's state runs one after the other, each when this has resolved. */
  #sequence: Promise<unknown> = Promise.resolve();
  /** What runs beside transfers, with its end. */
  readonly #running = new Map<Complete, Promise<void>>();
  #closing = false;

  /**
   * Opens a device, and claims all interfaces of the configuration that it has. The configuration is asked for later, but a
   * local driver that went on until then would disturb whoever reads the descriptors meanwhile.
   *
   * @throws NativeError; the device is as before then
   */
  static async open(
    context: NativeContext,
    native: NativeDevice,
    configurationDescriptors: readonly Uint8Array[],
    presence: DevicePresence,
  ): Promise<OpenDevice> {
    native.__open();
    let device: OpenDevice | undefined;
    try {
      device = new OpenDevice(context, native, configurationDescriptors, presence);
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
    configurationDescriptors: readonly Uint8Array[],
    presence: DevicePresence,
  ) {
    this.native = native;
    this.#layouts = configurationDescriptors.map(readConfigurationLayout);
    this.#presence = presence;
    this.#claims = new InterfaceClaims(native);
    this.#transfers = new Transfers(context, native, {
      lost: () => presence.lost(),
      isGone: () => this.#isGone(),
    });
    this.#configurationValue = this.#configurationAtOpen = activeConfiguration(native);
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#closing) return ended('disconnected', complete);
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'transferIn': {
        const endpoint = this.#endpoint(operation.endpointAddress, true);
        if (typeof endpoint === 'string') return ended(endpoint, complete);
        return this.#transfers.receive(endpoint, operation.length, complete);
      }
      case 'transferOut': {
        const endpoint = this.#endpoint(operation.endpointAddress, false);
        if (typeof endpoint === 'string') return ended(endpoint, complete);
        return this.#transfers.send(endpoint, operation.data, complete);
      }
      case 'isochronousIn':
      case 'isochronousOut':
        return ended('notSupported', complete); // node-usb allocates its transfers without isochronous packets
      case 'setConfiguration':
        return this.#inTurn(() => this.#setConfiguration(operation.configurationValue), complete);
      case 'setInterface':
        return this.#inTurn(() => this.#setInterface(operation.interfaceNumber, operation.alternateSetting), complete);
      case 'clearHalt':
      // libusb cannot reset the host's half alone, so this is the whole of it, with the request on the bus.
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
        return ended('notSupported', complete); // libusb knows nothing of the bus
    }
  }

  /**
   * Ends everything and gives everything back. Never rejects. `patience` is how long it waits for what is under way, in
   * ms. Returns when all is given back, which is later than the end of the wait where the kernel keeps something.
   */
  async close(patience: number): Promise<{ readonly givenBack: Promise<void> }> {
    this.#closing = true;
    const back = Promise.all([this.#transfers.abort(), ...this.#running.values()]);
    const givenBack = back.then(() => this.#giveBack());
    if (await within(patience, back)) {
      await givenBack;
      return { givenBack };
    }
    // The kernel keeps something (a driver hangs). Nobody waits for that, but the device is given back when it ends.
    this.#transfers.abandon();
    for (const complete of this.#running.keys()) ended('cancelled', complete);
    this.#running.clear();
    return { givenBack };
  }

  async #giveBack(): Promise<void> {
    if (this.#configurationValue !== this.#configurationAtOpen) {
      await this.#claims.release();
      await this.#nativeSetConfiguration(this.#configurationAtOpen); // the kernel calls the drivers by itself then
    }
    await this.#claims.giveBack();
    await this.#transfers.returned();
    try {
      this.native.__close();
    } catch {
      // node-usb closes the device when it is collected as garbage.
    }
  }

  #control(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    // The address is between the device and this machine's controller: with another, the device would be lost.
    if (isSetAddress(operation.setup)) return ended('invalidParameter', complete);
    const instead = stateRequestOf(operation.setup);
    if (instead === undefined)
      return this.#transfers.control(operation.setup, operation.data, operation.timeout, complete);
    return this.submit(instead, complete);
  }

  #endpoint(endpointAddress: number, isIn: boolean): EndpointLayout | UsbStatus {
    const layout = this.#layout();
    const endpoint = layout && findEndpoint(layout, this.#alternates, endpointAddress);
    if (endpoint === undefined) return 'notFound';
    if (((endpointAddress & 0x80) !== 0) !== isIn) return 'invalidParameter';
    return endpoint.transferType === ISOCHRONOUS ? 'notSupported' : endpoint;
  }

  #layout(): ConfigurationLayout | undefined {
    return this.#layouts.find((each) => each.configurationValue === this.#configurationValue);
  }

  #claimAll(): void {
    const layout = this.#layout();
    if (layout !== undefined) this.#claims.claim(interfaceNumbers(layout));
  }

  /**
   * SELECT_CONFIGURATION usually asks for the configuration that the device has already, as this machine configured it when
   * it was plugged in. SET_CONFIGURATION is not sent then: for the device it is a light reset, which some do not survive
   * (they lose a mode that their driver switched on, or leave the bus). What the request promises is made true in other
   * ways: alternate settings go back to 0 where they are not, and data toggles need nothing, because both ends still agree
   * on them. An endpoint that is halted stays halted; whoever meets it gets a stall, and clears it.
   */
  async #setConfiguration(value: number): Promise<UsbStatus> {
    if (value === this.#configurationValue && value !== 0) {
      for (const [interfaceNumber, alternateSetting] of [...this.#alternates]) {
        const status = alternateSetting === 0 ? 'completed' : await this.#setInterface(interfaceNumber, 0);
        if (status !== 'completed') return status;
      }
      return 'completed';
    }
    if (value !== 0 && !this.#layouts.some((each) => each.configurationValue === value)) return 'notFound';
    await this.#transfers.abort();
    await this.#claims.release(); // the kernel refuses another configuration while an interface is claimed
    const status = await this.#nativeSetConfiguration(value);
    if (status === 'completed') this.#configurationValue = value;
    this.#alternates.clear();
    try {
      this.#claimAll();
    } catch (error) {
      return status === 'completed' ? statusOf(error) : status;
    }
    return status;
  }

  #nativeSetConfiguration(value: number): Promise<UsbStatus> {
    // -1 is libusb's way to say unconfigured; 0 is a configuration that some devices have against the rules.
    return this.#call((done) => this.native.__setConfiguration(value === 0 ? -1 : value, done));
  }

  async #setInterface(interfaceNumber: number, alternateSetting: number): Promise<UsbStatus> {
    const status = await this.#call((done) => this.native.__setInterface(interfaceNumber, alternateSetting, done));
    if (status === 'completed') this.#alternates.set(interfaceNumber, alternateSetting);
    return status;
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
    this.#alternates.clear(); // the kernel chooses setting 0 of an interface that is released
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
      if (this.#running.delete(once)) ended(status, once);
    });
    this.#running.set(once, end);
    return { cancel: () => {} };
  }
}

/** The configuration that the device has; 0 when it has none. */
function activeConfiguration(native: NativeDevice): number {
  try {
    return native.__getConfigDescriptor().bConfigurationValue;
  } catch (error) {
    if (errnoOf(error) === LibusbError.NOT_FOUND) return 0;
    throw error;
  }
}

/** True when the promise resolved within this time. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
