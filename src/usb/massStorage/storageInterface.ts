/// <reference types="w3c-web-usb" preserve="true" />
import { MassStorageError } from './massStorageError.ts';
import type { BulkOnlyInterface, StorageDevice } from './storageDevice.ts';

/** Mass storage, SCSI transparent command set, Bulk-Only Transport: [USB MSC Overview 1.4] 2 and 3. */
const STORAGE = { interfaceClass: 0x08, interfaceSubclass: 0x06, interfaceProtocol: 0x50 } as const;

interface Place extends BulkOnlyInterface {
  readonly configurationValue: number;
  readonly alternateSetting: number;
}

/**
 * Opens the device where it is not open, selects the configuration that has the storage interface, and claims it.
 * @throws MassStorageError `unsupported` for a device without, and what the device rejects with
 */
export async function claimStorage(device: StorageDevice, lun: number): Promise<BulkOnlyInterface> {
  const place = findStorage(device, lun);
  if (place === undefined) {
    throw new MassStorageError(
      'unsupported',
      'the device has no mass storage interface of class 08/06/50 with a bulk endpoint in each direction; use another device',
    );
  }
  if (!device.opened) await device.open();
  if (device.configuration?.configurationValue !== place.configurationValue) {
    await device.selectConfiguration(place.configurationValue);
  }
  await device.claimInterface(place.interfaceNumber);
  const current = device.configuration?.interfaces.find((each) => each.interfaceNumber === place.interfaceNumber);
  if (current?.alternate.alternateSetting !== place.alternateSetting) {
    await device.selectAlternateInterface(place.interfaceNumber, place.alternateSetting);
  }
  return place;
}

/** In the configuration that is selected, else in any. */
function findStorage(device: StorageDevice, lun: number): Place | undefined {
  const selected = device.configuration === null ? [] : [device.configuration];
  for (const { configurationValue, interfaces } of [...selected, ...device.configurations]) {
    for (const { interfaceNumber, alternates } of interfaces) {
      for (const alternate of alternates) {
        if (!isStorage(alternate)) continue;
        const { alternateSetting, endpoints } = alternate;
        const endpointIn = endpoints.find((each) => each.type === 'bulk' && each.direction === 'in')?.endpointNumber;
        const endpointOut = endpoints.find((each) => each.type === 'bulk' && each.direction === 'out')?.endpointNumber;
        if (endpointIn === undefined || endpointOut === undefined) continue;
        return { configurationValue, interfaceNumber, alternateSetting, endpointIn, endpointOut, lun };
      }
    }
  }
  return undefined;
}

function isStorage(alternate: Readonly<Record<keyof typeof STORAGE, number>>): boolean {
  return (
    alternate.interfaceClass === STORAGE.interfaceClass &&
    alternate.interfaceSubclass === STORAGE.interfaceSubclass &&
    alternate.interfaceProtocol === STORAGE.interfaceProtocol
  );
}
