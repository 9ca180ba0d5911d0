import { openUsbredirDevices } from '../../../src/devices/usbredir/usbredirDevices.ts';
import { CompositeDevice } from '../../../src/devices/virtual/compositeDevice.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { type ContractTraits, testUsbDeviceContract } from '../contract.ts';
import { Endpoint, LoopbackDevice } from '../virtual/loopbackDevice.ts';
import { hosting } from './hosting.ts';

const devices: [name: string, traits: ContractTraits, make: () => VirtualDevice][] = [
  [
    'loopback device',
    { idleEndpoints: [Endpoint.echoIn, Endpoint.interruptIn], echo: { out: Endpoint.echoOut, in: Endpoint.echoIn } },
    () => new LoopbackDevice(),
  ],
  ['OSR FX2', { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } }, () => new OsrFx2()],
  ['composite device', { idleEndpoints: [0x83], echo: { out: 0x03, in: 0x83 } }, () => new CompositeDevice()],
  [
    'stick',
    { idleEndpoints: [0x81] },
    () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512 * 8)) }),
  ],
];

for (const [name, traits, make] of devices) {
  testUsbDeviceContract(`a ${name} of a usb-host`, { ...traits, unplugs: true }, async () => {
    const local = make();
    const { address, close } = await hosting(local);
    const source = await openUsbredirDevices({ address, version: 'test', clock: systemClock });
    const [device] = await source.list();
    return {
      device: device!,
      unplug: () => local.unplug(),
      dispose: async () => {
        await source.close();
        await close();
        await local.dispose();
      },
    };
  });
}
