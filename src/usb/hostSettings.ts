import { stateRequestOf } from '../../codecs/usb/stateRequest.ts';
import type { UsbOperation } from '../ports/usb.ts';
import { withOwnData } from './ownData.ts';

/** Class request to an interface, host to device; [HID 1.11] 7.2. */
const CLASS_OUT = 0x21;
const SET_REPORT = 0x09;
const SET_IDLE = 0x0a;
const SET_PROTOCOL = 0x0b;
const MAXIMUM_SETTINGS = 32;

/**
 * What a host has set on a device that lasts until a reset: the configuration, alternate settings and, of HID, protocol, idle
 * rate and lamps. With it a fresh device is set as the host left the one before. Bounded, whatever the host asks.
 */
export class HostSettings {
  /** By what they are about; in the order in which they were set first. */
  readonly #settings = new Map<string, UsbOperation>();

  /** The host has set something, or something else. */
  note(operation: UsbOperation): void {
    const setting = (operation.type === 'control' ? stateRequestOf(operation.setup) : undefined) ?? operation;
    const key = settingKey(setting);
    if (key === undefined || (this.#settings.size >= MAXIMUM_SETTINGS && !this.#settings.has(key))) return;
    // The data belongs to whoever submitted it.
    const kept = setting.type === 'control' ? withOwnData(setting) : setting;
    this.#settings.set(key, kept);
  }

  /** In the order in which a fresh device takes them. */
  get operations(): readonly UsbOperation[] {
    const rank = ({ type }: UsbOperation) => (type === 'setConfiguration' ? 0 : type === 'setInterface' ? 1 : 2);
    return [...this.#settings.values()].sort((one, other) => rank(one) - rank(other));
  }
}

/** Undefined for what sets nothing that lasts. */
function settingKey(operation: UsbOperation): string | undefined {
  if (operation.type === 'setConfiguration') return operation.type;
  if (operation.type === 'setInterface') return `${operation.type} ${operation.interfaceNumber}`;
  if (operation.type !== 'control' || operation.setup.bmRequestType !== CLASS_OUT) return undefined;
  const { bRequest, wValue, wIndex } = operation.setup;
  if (bRequest === SET_PROTOCOL) return `protocol ${wIndex}`;
  // In wValue: the report's number below the duration; the report's type and number.
  if (bRequest === SET_IDLE) return `idle ${wValue & 0xff} ${wIndex}`;
  return bRequest === SET_REPORT ? `report ${wValue} ${wIndex}` : undefined;
}
