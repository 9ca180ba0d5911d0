import type { RuleCondition } from './rule.ts';

/** Shorthand for the table: class codes, the later ones optional. */
function usbClass(classCode: number, subclass?: number, protocol?: number): RuleCondition {
  return { type: 'class', pattern: { classCode, subclass, protocol } };
}

/**
 * Windows' device setup classes and the USB classes that usually end up in them. Windows decides by the driver it
 * installs, so this is as near as one can come without it: a serial adapter of class ff is in `Ports` there, not here.
 */
const SETUP_CLASSES: ReadonlyMap<string, readonly RuleCondition[]> = new Map([
  // Bluetooth
  ['e0cbf06c-cd8b-4647-bb8a-263b43f0f974', [usbClass(0xe0, 0x01, 0x01)]],
  // Camera
  ['ca3e7ab9-b4c3-4ae6-8251-579ef933890f', [usbClass(0x0e)]],
  // CDROM
  ['4d36e965-e325-11ce-bfc1-08002be10318', [usbClass(0x08)]],
  // DiskDrive
  ['4d36e967-e325-11ce-bfc1-08002be10318', [usbClass(0x08)]],
  // HIDClass
  ['745a17a0-74d3-11d0-b6fe-00a0c90f57da', [usbClass(0x03)]],
  // Image: scanners and cameras, for a long time also those that stream
  ['6bdd1fc6-810f-11d0-bec7-08002be2092f', [usbClass(0x06), usbClass(0x0e)]],
  // Keyboard
  ['4d36e96b-e325-11ce-bfc1-08002be10318', [usbClass(0x03, 0x01, 0x01)]],
  // Media: sound
  ['4d36e96c-e325-11ce-bfc1-08002be10318', [usbClass(0x01)]],
  // Modem
  ['4d36e96d-e325-11ce-bfc1-08002be10318', [usbClass(0x02, 0x02)]],
  // Mouse
  ['4d36e96f-e325-11ce-bfc1-08002be10318', [usbClass(0x03, 0x01, 0x02)]],
  // Net: Ethernet (ECM, NCM), mobile broadband, RNDIS
  [
    '4d36e972-e325-11ce-bfc1-08002be10318',
    [usbClass(0x02, 0x06), usbClass(0x02, 0x0d), usbClass(0x02, 0x0e), usbClass(0xe0, 0x01, 0x03)],
  ],
  // Ports: serial
  ['4d36e978-e325-11ce-bfc1-08002be10318', [usbClass(0x02, 0x02)]],
  // Printer
  ['4d36e979-e325-11ce-bfc1-08002be10318', [usbClass(0x07)]],
  // SmartCardReader
  ['50dd5230-ba8a-11d1-bf5d-0000f805f530', [usbClass(0x0b)]],
  // USBDevice: what WinUSB drives
  ['88bae032-5a81-49f0-bc3d-a4ff138216d6', [usbClass(0xff)]],
  // WPD: players and telephones (PTP, MTP)
  ['eec5ad98-8080-425f-922a-dabf3de3f69a', [usbClass(0x06)]],
]);

/** The conditions of which one must be true for a GUID in braces; undefined for one without a USB class. */
export function classesOfSetupClass(guid: string): readonly RuleCondition[] | undefined {
  return SETUP_CLASSES.get(guid.replace(/^\{(.*)\}$/, '$1').toLowerCase());
}
