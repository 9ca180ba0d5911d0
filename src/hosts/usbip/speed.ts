import { UsbipSpeed } from '../../../codecs/usbip/usbipDevice.ts';
import type { UsbSpeed } from '../../ports/usb.ts';

/** How USB/IP and vhci-hcd number speeds. Virtual controllers take nothing faster than super speed. */
export const USBIP_SPEEDS: Readonly<Record<UsbSpeed, number>> = {
  low: UsbipSpeed.USB_SPEED_LOW,
  full: UsbipSpeed.USB_SPEED_FULL,
  high: UsbipSpeed.USB_SPEED_HIGH,
  super: UsbipSpeed.USB_SPEED_SUPER,
  superPlus: UsbipSpeed.USB_SPEED_SUPER,
};
