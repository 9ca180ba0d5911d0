/** What a browser keeps from pages, why, and what to do. */
export interface BrowserLimit {
  readonly what: string;
  readonly why: string;
  readonly way: string;
}

const PROGRAM = 'use the program urbdrc on this computer: urbdrc redirect';

/** Classes of interfaces that browsers do not let pages claim, https://wicg.github.io/webusb/#protected-interface-classes, and more. */
export const BROWSER_LIMITS: readonly BrowserLimit[] = [
  {
    what: 'Sticks and disks',
    why: 'A page could read files that it was not given.',
    way: `Give a disk image as a stick here, or ${PROGRAM}.`,
  },
  {
    what: 'Keyboards, mice and other input devices',
    why: 'A page could read what is typed elsewhere.',
    way: `Use the keyboard that this page has, or ${PROGRAM}.`,
  },
  { what: 'Sound and cameras', why: 'A page could listen and watch unnoticed.', way: `For these ${PROGRAM}.` },
  { what: 'Smart card readers', why: 'A page could sign in your name.', way: `For these ${PROGRAM}.` },
  { what: 'Security keys', why: 'A page could log on in your name.', way: `For these ${PROGRAM}.` },
  { what: 'Bluetooth adapters', why: 'A page could read what other devices send.', way: `For these ${PROGRAM}.` },
  {
    what: 'Devices that a driver of Windows has',
    why: 'Windows lets a browser open a device only with the driver WinUSB.',
    way: `Install WinUSB for it, or ${PROGRAM}.`,
  },
];

/** Names of USB classes that browsers keep for themselves, by bInterfaceClass. */
const PROTECTED: Readonly<Partial<Record<number, string>>> = {
  0x01: 'sound',
  0x03: 'input',
  0x08: 'disk',
  0x0b: 'smart card',
  0x0e: 'camera',
  0x10: 'camera and sound',
  0xe0: 'wireless',
};

/** Why the browser keeps an interface of this class for itself; undefined where it does not. */
export function protectedClass(interfaceClass: number): string | undefined {
  return PROTECTED[interfaceClass];
}
