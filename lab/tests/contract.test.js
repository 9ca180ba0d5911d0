// What every UsbDevice must do (test/devices/contract.ts), on real devices through libusb, in each way to it.
import { openLibusbDevices, LibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { makeKoffiBinding } from '../../dist/src/devices/libusb/koffi/koffiBinding.js';
import { scanSysfs } from '../../dist/src/devices/libusb/sysfs.js';
import { testUsbDeviceContract } from '../compiled/test/devices/contract.js';
import { STICK } from './support.js';

/** QEMU's devices refuse to halt their endpoints by request. */
const halts = false;

/** koffi where libusb has no descriptors to watch, as on Windows. */
async function onThread() {
  const binding = await makeKoffiBinding({ onThread: true });
  return new LibusbDevices({ binding, closePatience: 5000, scan: () => scanSysfs(), onChange: () => () => {} });
}

for (const [way, open] of /** @type {const} */ ([
  ['koffi', () => openLibusbDevices({ backend: 'koffi' })],
  ['koffi on a thread', onThread],
  ['node-usb', () => openLibusbDevices({ backend: 'node-usb' })],
])) {
  /** @param {{ vid: number, pid: number }} ids */
  const device = async ({ vid, pid }) => {
    const devices = await open();
    const all = await devices.list();
    const found = all.find(({ identity }) => identity.vendorId === vid && identity.productId === pid);
    if (found === undefined) throw new Error(`no device ${vid.toString(16)}:${pid.toString(16)}`);
    return { device: found, dispose: () => devices.close() };
  };

  testUsbDeviceContract(`a keyboard on ${way}`, { idleEndpoints: [0x81], halts }, () =>
    device({ vid: 0x0627, pid: 0x0001 }),
  );

  // Its endpoint sends a status now and then, so that a transfer does not stay pending.
  testUsbDeviceContract(`a serial adapter on ${way}`, { idleEndpoints: [], halts }, () =>
    device({ vid: 0x0403, pid: 0x6001 }),
  );

  // Its endpoint stalls what was not asked for by a command.
  testUsbDeviceContract(`a stick on ${way}`, { idleEndpoints: [], halts }, () => device(STICK));
}
