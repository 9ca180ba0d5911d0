import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { type LocalUse, type PolicyDevice, policyDevice } from '../../src/policy/policyDevice.ts';
import type { UsbDeviceIdentity } from '../../src/ports/usb.ts';
import { IDENTITY } from '../hosts/fakeUsbDevice.ts';

/** `03/01/01`, and `03/01/01@2` for alternate setting 2 of the interface before it. */
function interfaceDescriptors(classes: readonly string[]): number[] {
  let number = -1;
  return classes.flatMap((text) => {
    const [codes = '', alternate] = text.split('@');
    if (alternate === undefined) number += 1;
    return [9, 4, number, Number(alternate ?? 0), 0, ...codes.split('/').map((code) => parseInt(code, 16)), 0];
  });
}

/** A whole configuration descriptor with these interfaces. */
export function configuration(...classes: string[]): Uint8Array {
  const interfaces = interfaceDescriptors(classes);
  return Uint8Array.from([9, 2, 9 + interfaces.length, 0, classes.length, 1, 0, 0x80, 50, ...interfaces]);
}

/** A device with these configuration descriptors. */
export function described(
  identity: UsbDeviceIdentity,
  configurationDescriptors: readonly Uint8Array[],
  localUse: LocalUse = {},
): PolicyDevice {
  const configurations = readConfigurations(configurationDescriptors);
  const deviceDescriptor = new Uint8Array(18);
  deviceDescriptor[17] = configurationDescriptors.length;
  return policyDevice({ identity, deviceDescriptor, configurationDescriptors, configurations }, localUse);
}

/** A device with one configuration. */
export function device(
  identity: Partial<UsbDeviceIdentity>,
  classes: readonly string[] = ['ff/00/00'],
  localUse: LocalUse = { mounted: false, isRootDisk: false, carriesDefaultRoute: false },
): PolicyDevice {
  const configurationDescriptors = [configuration(...classes)];
  return described({ ...IDENTITY, ...identity }, configurationDescriptors, localUse);
}

/** A device whose second configuration cannot be read. */
export function unreadable(...classes: string[]): PolicyDevice {
  const configurationDescriptors = [configuration(...classes), configuration('03/01/01').subarray(0, 8)];
  return described(IDENTITY, configurationDescriptors);
}

export const LOGITECH = { vendorId: 0x046d, productId: 0x082b } as const;
export const WEBCAM = device(
  { ...LOGITECH, deviceClass: 0xef, deviceSubclass: 2, deviceProtocol: 1, portPath: '1-2.3', serialNumber: 'ABC 1' },
  ['0e/01/00', '0e/02/00', '0e/02/00@1', '01/01/00', '01/02/00'],
);
export const KEYBOARD = device({ vendorId: 0x0627, productId: 1, portPath: '1-1' }, ['03/01/01', '03/00/00']);
export const MOUSE = device({ vendorId: 0x0627, productId: 2, portPath: '1-3' }, ['03/01/02']);
export const HUB = device({ vendorId: 0x0409, productId: 0x55aa, deviceClass: 9, portPath: '1-2' }, ['09/00/00']);
export const STICK = device({ vendorId: 0x0781, productId: 0x5567, portPath: '1-4', serialNumber: 'A1B2' }, [
  '08/06/50',
]);
export const SERIAL_ADAPTER = device({ vendorId: 0x0403, productId: 0x6001, portPath: '2-1' }, ['ff/ff/ff']);
