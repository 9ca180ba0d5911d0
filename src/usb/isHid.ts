import type { UsbDevice } from '../ports/usb.ts';

const HID = 0x03;

/** Whether all that a device does is to have keys, buttons and the like. */
export function isHid({ configurations }: Pick<UsbDevice, 'configurations'>): boolean {
  const classes = configurations.flatMap(({ interfaces }) => interfaces.map((each) => each.interfaceClass));
  return classes.length > 0 && classes.every((each) => each === HID);
}
