import { UsbipSpeed } from '../../codecs/usbip/usbipDevice.ts';
import type { UsbSpeed } from '../ports/usb.ts';

/** How USB/IP and vhci-hcd number speeds. Virtual controllers take nothing faster than super speed. */
export const USBIP_SPEEDS: Readonly<Record<UsbSpeed, number>> = {
  low: UsbipSpeed.USB_SPEED_LOW,
  full: UsbipSpeed.USB_SPEED_FULL,
  high: UsbipSpeed.USB_SPEED_HIGH,
  super: UsbipSpeed.USB_SPEED_SUPER,
  superPlus: UsbipSpeed.USB_SPEED_SUPER,
};

const SPEEDS: ReadonlyMap<number, UsbSpeed> = new Map([
  [UsbipSpeed.USB_SPEED_LOW, 'low'],
  [UsbipSpeed.USB_SPEED_FULL, 'full'],
  [UsbipSpeed.USB_SPEED_HIGH, 'high'],
  // Wireless USB has the descriptors of high speed.
  [UsbipSpeed.USB_SPEED_WIRELESS, 'high'],
  [UsbipSpeed.USB_SPEED_SUPER, 'super'],
  [UsbipSpeed.USB_SPEED_SUPER_PLUS, 'superPlus'],
]);

/** The speed of a number of USB/IP. One that is unknown is taken for full speed, which every host can do. */
export function usbSpeedOf(number: number): UsbSpeed {
  return SPEEDS.get(number) ?? 'full';
}
