/// <reference types="w3c-web-usb" preserve="true" />
/**
 * What transfers give, as the classes of WebUSB: programs ask `result instanceof USBInTransferResult`, and make such
 * objects themselves. `urbdrc/webusb-globals` makes them global.
 */
import type { Shape } from './shape.ts';

const STATUSES: readonly string[] = ['ok', 'stall', 'babble'] satisfies USBTransferStatus[];

/** @throws TypeError for anything but a status, as browsers do */
function checkStatus(status: USBTransferStatus): USBTransferStatus {
  if (STATUSES.includes(status)) return status;
  throw new TypeError(`'${status}' is no status of a transfer; use one of: ${STATUSES.join(', ')}`);
}

/** Gives objects of a class `data` that is null where none came, as the standard says. TypeScript's types say undefined. */
function withData({ prototype }: { readonly prototype: object }): void {
  Object.defineProperty(prototype, 'data', { value: null, writable: true, configurable: true });
}

/** What `transferIn` and `controlTransferIn` give. */
export class USBInTransferResult implements Shape<globalThis.USBInTransferResult> {
  /** The bytes that the device sent; null where there are none. */
  declare readonly data?: DataView | undefined;
  /** How the transfer ended. */
  readonly status: USBTransferStatus;

  /** @throws TypeError for a status that WebUSB does not have */
  constructor(status: USBTransferStatus, data?: DataView | null) {
    this.status = checkStatus(status);
    if (data !== undefined && data !== null) this.data = data;
  }

  static {
    withData(this);
  }
}

/** What `transferOut` and `controlTransferOut` give. */
export class USBOutTransferResult implements Shape<globalThis.USBOutTransferResult> {
  /** How the transfer ended. */
  readonly status: USBTransferStatus;
  /** Bytes that the device took. */
  readonly bytesWritten: number;

  /** @throws TypeError for a status that WebUSB does not have */
  constructor(status: USBTransferStatus, bytesWritten = 0) {
    this.status = checkStatus(status);
    this.bytesWritten = bytesWritten;
  }
}

/** A packet of {@link USBIsochronousInTransferResult}. */
export class USBIsochronousInTransferPacket implements Shape<globalThis.USBIsochronousInTransferPacket> {
  /** The bytes that the device sent; null where there are none. */
  declare readonly data?: DataView | undefined;
  /** How the transfer ended. */
  readonly status: USBTransferStatus;

  /** @throws TypeError for a status that WebUSB does not have */
  constructor(status: USBTransferStatus, data?: DataView | null) {
    this.status = checkStatus(status);
    if (data !== undefined && data !== null) this.data = data;
  }

  static {
    withData(this);
  }
}

/** What `isochronousTransferIn` gives. */
export class USBIsochronousInTransferResult implements Shape<globalThis.USBIsochronousInTransferResult> {
  /** The bytes that the device sent; null where there are none. */
  declare readonly data?: DataView | undefined;
  /** One result a packet. */
  readonly packets: globalThis.USBIsochronousInTransferPacket[];

  constructor(packets: Shape<globalThis.USBIsochronousInTransferPacket>[], data?: DataView | null) {
    this.packets = packets;
    if (data !== undefined && data !== null) this.data = data;
  }

  static {
    withData(this);
  }
}

/** A packet of {@link USBIsochronousOutTransferResult}. */
export class USBIsochronousOutTransferPacket implements Shape<globalThis.USBIsochronousOutTransferPacket> {
  /** How the transfer ended. */
  readonly status: USBTransferStatus;
  /** Bytes that were sent. */
  readonly bytesWritten: number;

  /** @throws TypeError for a status that WebUSB does not have */
  constructor(status: USBTransferStatus, bytesWritten = 0) {
    this.status = checkStatus(status);
    this.bytesWritten = bytesWritten;
  }
}

/** What `isochronousTransferOut` gives. */
export class USBIsochronousOutTransferResult implements Shape<globalThis.USBIsochronousOutTransferResult> {
  /** One result a packet. */
  readonly packets: globalThis.USBIsochronousOutTransferPacket[];

  constructor(packets: Shape<globalThis.USBIsochronousOutTransferPacket>[]) {
    this.packets = packets;
  }
}
