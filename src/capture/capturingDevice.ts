import { RequestType, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { WrappedDevice } from '../usb/wrappedDevice.ts';
import { NO_BYTES, resultOf } from '../usb/results.ts';
import { ActiveConfiguration } from '../usb/activeConfiguration.ts';
import type { UsbCapture } from './usbCapture.ts';
import {
  type BusTransfer,
  busTransferOf,
  callbackOf,
  endpointFacts,
  submissionOf,
  type UsbAddress,
} from './usbRecords.ts';

const DescriptorType = { DEVICE: 1, CONFIGURATION: 2 } as const;

/** `device`, with everything that is asked of it and that it answers written to `capture`. */
export function capturing(device: UsbDevice, capture: UsbCapture): UsbDevice {
  return new CapturingDevice(device, capture);
}

class CapturingDevice extends WrappedDevice {
  readonly #capture: UsbCapture;
  readonly #active: ActiveConfiguration;
  #address: UsbAddress | undefined;

  constructor(device: UsbDevice, capture: UsbCapture) {
    super(device);
    this.#capture = capture;
    // Hosts choose the first configuration, and have done so before the capture begins.
    this.#active = new ActiveConfiguration(device.configurations, device.configurations[0]);
    device.gone.addEventListener('abort', () => this.#leave(), { once: true });
  }

  override async close(): Promise<void> {
    await this.device.close();
    this.#leave();
  }

  /** Its numbers may be given to another device. */
  #leave(): void {
    if (this.#address !== undefined) this.#capture.leave(this.#address);
    this.#address = undefined;
  }

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    const transfer = this.#transferOf(operation);
    if (transfer === undefined || this.gone.aborted) return this.device.submit(operation, complete);
    const address = this.#enter();
    const id = this.#capture.nextId();
    this.#capture.write(submissionOf(transfer, address, id, this.#capture.now()));
    return this.device.submit(operation, (result) => {
      this.#capture.write(callbackOf(transfer, result, address, id, this.#capture.now()));
      if (result.status === 'completed') this.#active.note(operation);
      complete(result);
    });
  }

  #transferOf(operation: UsbOperation): BusTransfer | undefined {
    const { speed } = this.device.identity;
    return busTransferOf(operation, (address) => endpointFacts(this.#active.likelyEndpoint(address), speed));
  }

  /** Before the first transfer: the descriptors, which Wireshark must have seen to know what the endpoints carry. */
  #enter(): UsbAddress {
    if (this.#address !== undefined) return this.#address;
    const address = this.#capture.enter(this.identity);
    this.#address = address;
    this.#describe(address, DescriptorType.DEVICE, 0, this.deviceDescriptor);
    this.configurationDescriptors.forEach((descriptor, index) => {
      this.#describe(address, DescriptorType.CONFIGURATION, index, descriptor);
    });
    return address;
  }

  #describe(address: UsbAddress, type: number, index: number, descriptor: Uint8Array): void {
    const setup = {
      bmRequestType: RequestType.directionIn | RequestType.standard | RequestType.device,
      bRequest: StandardRequest.GET_DESCRIPTOR,
      wValue: (type << 8) | index,
      wIndex: 0,
      wLength: descriptor.byteLength,
    };
    const operation: UsbOperation = { type: 'control', setup, data: NO_BYTES, timeout: 0 };
    const transfer = this.#transferOf(operation);
    if (transfer === undefined) return;
    const id = this.#capture.nextId();
    const time = this.#capture.now();
    const comment = 'read before the capture began; written here so that the device can be recognised';
    this.#capture.write(submissionOf(transfer, address, id, time), comment);
    this.#capture.write(callbackOf(transfer, resultOf('completed', descriptor), address, id, time), comment);
  }
}
