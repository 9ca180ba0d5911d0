import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbTransfer } from '../ports/usb.ts';
import type { Complete } from './results.ts';

/**
 * A device that is another device. Decorators extend it and override what they change. The wrapper is opened, used and
 * closed in place of the device, and is never gone before it.
 */
export class WrappedDevice<D extends UsbDevice = UsbDevice> implements UsbDevice {
  /** The device that this one is. */
  protected readonly device: D;

  constructor(device: D) {
    this.device = device;
  }

  get identity(): UsbDeviceIdentity {
    return this.device.identity;
  }

  get deviceDescriptor(): Uint8Array {
    return this.device.deviceDescriptor;
  }

  get configurationDescriptors(): readonly Uint8Array[] {
    return this.device.configurationDescriptors;
  }

  get configurations(): readonly Configuration[] {
    return this.device.configurations;
  }

  get gone(): AbortSignal {
    return this.device.gone;
  }

  open(interfaceNumbers?: readonly number[]): Promise<void> {
    return this.device.open(interfaceNumbers);
  }

  close(): Promise<void> {
    return this.device.close();
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.device.submit(operation, complete);
  }
}
