import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import { type RunOperation, readStrings } from '../../usb/deviceStrings.ts';
import { resultOf } from '../../usb/results.ts';
import type { DeviceFacts, DeviceNames } from './deviceFacts.ts';
import { Transfers } from './transfers.ts';
import type { NativeContext, NativeDevice } from './usbBinding.ts';

/** Milliseconds for each request: a device that does not answer has no names. */
const TIMEOUT = 1000;

/** The device in libusb's list that a scan told of; undefined where the list does not have it. */
export function findNative(
  context: NativeContext,
  { busNumber, deviceAddress, vendorId, productId, deviceVersion }: UsbDeviceIdentity,
): NativeDevice | undefined {
  return context.getDeviceList().find((device) => {
    const { idVendor, idProduct, bcdDevice } = device.deviceDescriptor;
    const isPlace = device.busNumber === busNumber && device.deviceAddress === deviceAddress;
    return isPlace && idVendor === vendorId && idProduct === productId && bcdDevice === deviceVersion;
  });
}

/**
 * The names of a device, for platforms whose system does not tell them: it is opened for a moment, and nothing is claimed. A
 * device that cannot be opened, because it has another driver or is in use, has none.
 */
export async function readNativeNames(context: NativeContext, { identity }: DeviceFacts): Promise<DeviceNames> {
  const native = findNative(context, identity);
  if (native === undefined) return {};
  try {
    native.__open();
  } catch {
    return {};
  }
  const transfers = new Transfers(context, native, { lost: () => {}, isGone: () => false });
  try {
    const run: RunOperation = (operation) =>
      new Promise((resolve) => {
        if (operation.type !== 'control') resolve(resultOf('notSupported'));
        else transfers.control(operation.setup, operation.data, operation.timeout, resolve);
      });
    const { iManufacturer, iProduct, iSerialNumber } = native.deviceDescriptor;
    const strings = await readStrings(run, [iManufacturer, iProduct, iSerialNumber], TIMEOUT);
    const [manufacturerName, productName, serialNumber] = [iManufacturer, iProduct, iSerialNumber].map((index) =>
      strings.get(index),
    );
    return {
      ...(manufacturerName !== undefined && { manufacturerName }),
      ...(productName !== undefined && { productName }),
      ...(serialNumber !== undefined && { serialNumber }),
    };
  } finally {
    transfers.free();
    try {
      native.__close();
    } catch {
      // node-usb closes the device when it is collected as garbage.
    }
  }
}
