/// <reference types="w3c-web-usb" preserve="true" />
import { RequestType } from '../../../codecs/usb/setupPacket.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import type { DeviceConfiguration } from './configurations.ts';
import { findClaimedInterface, findEndpoint } from './lookup.ts';

const TYPES: Readonly<Record<USBRequestType, number>> = {
  standard: RequestType.standard,
  class: RequestType.class,
  vendor: RequestType.vendor,
};
const RECIPIENTS: Readonly<Record<USBRecipient, number>> = {
  device: RequestType.device,
  interface: RequestType.interface,
  endpoint: RequestType.endpoint,
  other: RequestType.other,
};

/**
 * A request to an interface or endpoint needs a configuration and a claim, as WebUSB's "check the validity of the control
 * transfer parameters" says. The low byte of `index` names it.
 * @param configured - gives the configuration. @throws InvalidStateError
 * @throws NotFoundError, InvalidStateError
 */
export function checkRecipient(
  what: string,
  configured: () => DeviceConfiguration,
  { recipient, index }: USBControlTransferParameters,
): void {
  switch (recipient) {
    case 'interface':
      findClaimedInterface(what, configured(), index & 0xff);
      return;
    case 'endpoint':
      findEndpoint(what, configured(), index & 0xff);
      return;
    case 'device':
    case 'other':
  }
}

/**
 * The operation; `length` is the bytes of the data stage. Numbers are cut to the width of their field, as WebIDL does.
 * @throws TypeError for an unknown request type or recipient.
 */
export function toControlOperation(
  setup: USBControlTransferParameters,
  direction: USBDirection,
  length: number,
  data: Uint8Array,
): UsbOperation {
  const type = lookUp(TYPES, setup.requestType, 'requestType');
  const recipient = lookUp(RECIPIENTS, setup.recipient, 'recipient');
  const packet = {
    bmRequestType: (direction === 'in' ? RequestType.directionIn : 0) | type | recipient,
    bRequest: setup.request & 0xff,
    wValue: setup.value & 0xffff,
    wIndex: setup.index & 0xffff,
    wLength: length,
  };
  return { type: 'control', setup: packet, data, timeout: 0 };
}

function lookUp(table: Readonly<Record<string, number>>, key: string, field: string): number {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  if (value !== undefined) return value;
  throw new TypeError(`setup.${field}: '${key}' is unknown; use one of: ${Object.keys(table).join(', ')}`);
}
