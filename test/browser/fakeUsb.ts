/**
 * Runs in a browser, before the page: what it has as `navigator.usb` is made of software. The test plugs devices in and out
 * by `window.fakeUsb`.
 */
import { type RemoteDevice, RemoteUsb } from 'urbdrc';
import { HidKeyboard, OsrFx2, type VirtualDevice } from 'urbdrc/devices/virtual';

const GIVEN = 'fakeUsb.given';

/** As Chromium has it: pages see the devices that they were given, and keep that over a reload. */
class PageUsb extends RemoteUsb {
  readonly plugged: VirtualDevice[] = [];

  override async getDevices(): Promise<RemoteDevice[]> {
    const isGiven = sessionStorage.getItem(GIVEN) !== null;
    return isGiven ? super.getDevices() : [];
  }

  override async requestDevice(): Promise<RemoteDevice> {
    const [device] = await super.getDevices();
    if (device === undefined) throw new DOMException('No device selected.', 'NotFoundError');
    sessionStorage.setItem(GIVEN, 'yes');
    return device;
  }
}

const usb = new PageUsb();
Object.defineProperty(navigator, 'usb', { configurable: true, value: usb });

async function plug(device: VirtualDevice): Promise<void> {
  usb.plugged.push(device);
  await usb.attach(device);
}

const fakeUsb = {
  plugBoard: () => plug(new OsrFx2()),
  plugKeyboard: () => plug(new HidKeyboard({ productName: 'Keyboard at a desk' })),
  unplug: () => usb.plugged.pop()?.unplug(),
};

declare global {
  interface Window {
    fakeUsb: typeof fakeUsb;
  }
}

window.fakeUsb = fakeUsb;
// Plugged in from the beginning, where the test wants that.
if (sessionStorage.getItem('fakeUsb.board') !== null) void fakeUsb.plugBoard();
