import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { testUsbDeviceContract } from '../contract.ts';
import { Endpoint, LoopbackDevice } from './loopbackDevice.ts';

const loopback = {
  idleEndpoints: [Endpoint.interruptIn, Endpoint.echoIn],
  echo: { out: Endpoint.echoOut, in: Endpoint.echoIn },
  unplugs: true,
};
testUsbDeviceContract('a virtual loopback device', loopback, () => {
  const device = new LoopbackDevice();
  return { device, unplug: () => device.unplug() };
});

testUsbDeviceContract('a virtual keyboard', { idleEndpoints: [0x81], unplugs: true }, () => {
  const device = new HidKeyboard();
  return { device, unplug: () => device.unplug() };
});

testUsbDeviceContract('a virtual stick', { idleEndpoints: [0x81], unplugs: true }, () => {
  const device = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512 * 8)) });
  return { device, unplug: () => device.unplug(), dispose: () => device.dispose() };
});
