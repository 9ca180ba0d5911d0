/// <reference types="w3c-web-usb" preserve="true" />
import type { Shape } from './shape.ts';

/** @throws TypeError for a filter that WebUSB calls invalid: a narrower field without the wider one. */
export function checkFilter(filter: USBDeviceFilter): void {
  const { vendorId, productId, classCode, subclassCode, protocolCode } = filter;
  if (productId !== undefined && vendorId === undefined) needs('productId', 'vendorId');
  if (subclassCode !== undefined && classCode === undefined) needs('subclassCode', 'classCode');
  if (protocolCode !== undefined && subclassCode === undefined) needs('protocolCode', 'subclassCode');
}

function needs(narrow: string, wide: string): never {
  throw new TypeError(`the filter has a ${narrow} but no ${wide}; add it`);
}

/** WebUSB's "match a device filter": a class may be the device's or that of any of its interfaces. */
export function matchesFilter(device: Shape<USBDevice>, filter: USBDeviceFilter): boolean {
  const { vendorId, productId, serialNumber } = filter;
  if (vendorId !== undefined && device.vendorId !== vendorId) return false;
  if (productId !== undefined && device.productId !== productId) return false;
  if (serialNumber !== undefined && device.serialNumber !== serialNumber) return false;
  return matchesClass(device.deviceClass, device.deviceSubclass, device.deviceProtocol, filter) || interfaceMatches();

  function interfaceMatches(): boolean {
    const alternates = device.configurations.flatMap((each) => each.interfaces.flatMap((one) => one.alternates));
    return alternates.some(({ interfaceClass, interfaceSubclass, interfaceProtocol }) =>
      matchesClass(interfaceClass, interfaceSubclass, interfaceProtocol, filter),
    );
  }
}

function matchesClass(
  deviceClass: number,
  subclass: number,
  protocol: number,
  { classCode, subclassCode, protocolCode }: USBDeviceFilter,
): boolean {
  return (
    (classCode === undefined || classCode === deviceClass) &&
    (subclassCode === undefined || subclassCode === subclass) &&
    (protocolCode === undefined || protocolCode === protocol)
  );
}
