import { FeatureSelector, RequestType, type SetupPacket, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { isSetAddress } from '../../../codecs/usb/stateRequest.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbOperation, UsbResult, UsbSpeed, UsbTransfer } from '../../ports/usb.ts';
import { findConfiguration, findSetting } from '../../usb/activeConfiguration.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../../usb/results.ts';
import { PORT_RESET } from '../../usbip/portReset.ts';
import { completeLater, ConnectedDevice } from '../connectedDevice.ts';
import type { Cable } from './cable.ts';
import { type Transfer, urbOf } from './urbs.ts';

/** Facts about a device that its exporter told. */
export interface ImportedFacts {
  /** For errors, such as `usbip://server:3240/1-1`. */
  readonly name: string;
  readonly speed: UsbSpeed;
}

/** A device that is imported by USB/IP. It is there for as long as its {@link Cable} holds. */
export class ImportedDevice extends ConnectedDevice {
  readonly #cable: Cable;
  readonly #speed: UsbSpeed;

  constructor(cable: Cable, { name, speed }: ImportedFacts, clock: Clock) {
    super(name, clock);
    this.#cable = cable;
    this.#speed = speed;
    void cable.closed.then((error) => this.lost(error));
  }

  protected override cancelAll(): void {
    void this.#cable.urbs.unlinkAll();
  }

  protected override cut(status: 'cancelled' | 'disconnected'): void {
    this.#cable.close();
    this.#cable.urbs.end(status);
  }

  protected override start(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'control':
        // The address is between the device and the exporter's controller: with another, the device would be lost.
        if (isSetAddress(operation.setup)) return completeAtOnce('invalidParameter', complete);
        return this.#transfer(operation, complete);
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
        return this.#transfer(operation, complete);
      case 'setConfiguration': {
        const { configurationValue } = operation;
        const isThere = configurationValue === 0 || findConfiguration(this.configurations, configurationValue);
        if (isThere === undefined) return completeAtOnce('notFound', complete);
        return this.#request(setConfiguration(configurationValue), complete);
      }
      case 'setInterface': {
        const { interfaceNumber, alternateSetting } = operation;
        const { configuration } = this.active;
        const setting = configuration && findSetting(configuration, { interfaceNumber, alternateSetting });
        if (setting === undefined) return completeAtOnce('notFound', complete);
        return this.#request(setInterface(interfaceNumber, alternateSetting), complete);
      }
      case 'clearHalt':
      case 'resetEndpoint':
        // There is no way to the exporter's half alone.
        if (this.active.endpoint(operation.endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        return this.#request(clearHalt(operation.endpointAddress), complete);
      case 'abortEndpoint':
        if (this.active.endpoint(operation.endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        return completeLater(
          this.#cable.urbs.unlinkAll(operation.endpointAddress).then(() => resultOf('completed')),
          complete,
        );
      case 'resetDevice':
        return completeLater(this.#reset(), complete);
      case 'cyclePort':
        // The exporter has it back, and it is imported anew. The answer first: afterwards there is nobody to give it to.
        completeAtOnce('completed', complete);
        this.#cable.close();
        return { cancel: () => {} };
      case 'queryBus':
        return completeAtOnce('notSupported', complete);
    }
  }

  /** One URB. */
  #transfer(transfer: Transfer, complete: Complete): UsbTransfer {
    if (this.#cable.isOver) return completeAtOnce('disconnected', complete);
    const endpoint = transfer.type === 'control' ? undefined : this.active.endpoint(transfer.endpointAddress);
    const request = urbOf(transfer, endpoint, this.#speed);
    if (typeof request === 'string') return completeAtOnce(request, complete);
    const { urbs } = this.#cable;
    let stopTimer = () => {};
    const urb = urbs.submit(request, (result) => {
      stopTimer();
      if (result.status === 'completed') this.active.note(transfer);
      complete(result);
    });
    const timeout = transfer.type === 'control' ? transfer.timeout : 0;
    if (timeout > 0) stopTimer = this.clock.after(timeout, () => urbs.unlink(urb, 'timedOut'));
    return { cancel: () => urbs.unlink(urb) };
  }

  #request(setup: SetupPacket, complete: Complete): UsbTransfer {
    return this.#transfer({ type: 'control', setup, data: NO_BYTES, timeout: 0 }, complete);
  }

  #requested(setup: SetupPacket): Promise<UsbResult> {
    return new Promise((resolve) => this.#request(setup, resolve));
  }

  /**
   * USB/IP has no message for a reset. Linux's exporter takes a hub's SET_FEATURE(PORT_RESET), sent to the device, for one,
   * and sends it to the device all the same, which stalls it. Where nobody knows it, what follows a reset has to do: the
   * configuration and the alternate settings are set anew.
   */
  async #reset(): Promise<UsbResult> {
    await this.#cable.urbs.unlinkAll();
    const { configuration, settings } = this.active;
    const { status } = await this.#requested(PORT_RESET);
    if (status === 'completed' || status === 'disconnected' || configuration === undefined) return resultOf(status);
    const again = await this.#requested(setConfiguration(configuration.configurationValue));
    if (again.status !== 'completed') return again;
    for (const { interfaceNumber, alternateSetting } of settings) {
      if (alternateSetting === 0) continue;
      const { status: restored } = await this.#requested(setInterface(interfaceNumber, alternateSetting));
      if (restored !== 'completed') return resultOf(restored);
    }
    return resultOf('completed');
  }
}

function setConfiguration(value: number): SetupPacket {
  const bRequest = StandardRequest.SET_CONFIGURATION;
  return { bmRequestType: RequestType.device, bRequest, wValue: value, wIndex: 0, wLength: 0 };
}

function setInterface(interfaceNumber: number, alternateSetting: number): SetupPacket {
  const bRequest = StandardRequest.SET_INTERFACE;
  const bmRequestType = RequestType.interface;
  return { bmRequestType, bRequest, wValue: alternateSetting, wIndex: interfaceNumber, wLength: 0 };
}

function clearHalt(endpointAddress: number): SetupPacket {
  const bRequest = StandardRequest.CLEAR_FEATURE;
  const wValue = FeatureSelector.ENDPOINT_HALT;
  return { bmRequestType: RequestType.endpoint, bRequest, wValue, wIndex: endpointAddress, wLength: 0 };
}
