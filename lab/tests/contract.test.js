// What every UsbDevice must do (test/devices/contract.ts), on real devices through libusb.
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { testUsbDeviceContract } from '../compiled/test/devices/contract.js';
import { STICK } from './support.js';

/** QEMU's devices refuse to halt their endpoints by request. */
const halts = false;

/** @param {{ vid: number, pid: number }} ids */
async function device({ vid, pid }) {
  const devices = await openLibusbDevices();
  const all = await devices.list();
  const found = all.find(({ identity }) => identity.vendorId === vid && identity.productId === pid);
  if (found === undefined) throw new Error(`no device ${vid.toString(16)}:${pid.toString(16)}`);
  return { device: found, dispose: () => devices.close() };
}

testUsbDeviceContract('a keyboard on libusb', { idleEndpoints: [0x81], halts }, () =>
  device({ vid: 0x0627, pid: 0x0001 }),
);

// Its endpoint sends a status now and then, so that a transfer does not stay pending.
testUsbDeviceContract('a serial adapter on libusb', { idleEndpoints: [], halts }, () =>
  device({ vid: 0x0403, pid: 0x6001 }),
);

// Its endpoint stalls what was not asked for by a command.
testUsbDeviceContract('a stick on libusb', { idleEndpoints: [], halts }, () => device(STICK));
