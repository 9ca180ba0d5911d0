import { DeviceProperties } from './deviceProperties.ts';
import { RemoteUsb, RemoteUsbEvent } from './remoteUsb.ts';
import { RemoteDevice } from './remoteDevice.ts';
import {
  USBInTransferResult,
  USBIsochronousInTransferPacket,
  USBIsochronousInTransferResult,
  USBIsochronousOutTransferPacket,
  USBIsochronousOutTransferResult,
  USBOutTransferResult,
} from './resultClasses.ts';

/** A global class of WebUSB, what takes its place where there is none, and the base of that. */
interface GlobalClass {
  readonly name: string;
  readonly ours: object;
  readonly base: { readonly prototype: object };
}

const same = (ours: { readonly prototype: object; readonly name: string }): GlobalClass => {
  return { name: ours.name, ours, base: ours };
};

const CLASSES: readonly GlobalClass[] = [
  { name: 'USB', ours: RemoteUsb, base: RemoteUsb },
  { name: 'USBDevice', ours: RemoteDevice, base: DeviceProperties },
  { name: 'USBConnectionEvent', ours: RemoteUsbEvent, base: RemoteUsbEvent },
  same(USBInTransferResult),
  same(USBOutTransferResult),
  same(USBIsochronousInTransferPacket),
  same(USBIsochronousInTransferResult),
  same(USBIsochronousOutTransferPacket),
  same(USBIsochronousOutTransferResult),
];

/**
 * Makes the classes of WebUSB global, so that libraries find with `instanceof` what they get. Where the platform has them
 * (Chromium), its own stay, and are made the bases of ours: `instanceof` is true of both then.
 */
export function installWebUsbGlobals(target: object): void {
  for (const { name, ours, base } of CLASSES) {
    const present: unknown = Reflect.get(target, name);
    if (typeof present !== 'function') {
      Object.defineProperty(target, name, { value: ours, writable: true, configurable: true });
      continue;
    }
    const prototype: unknown = Reflect.get(present, 'prototype');
    if (present !== ours && typeof prototype === 'object') Object.setPrototypeOf(base.prototype, prototype);
  }
}
