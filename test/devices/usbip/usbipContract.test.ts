import { CdcAcm } from '../../../src/devices/virtual/cdcAcm.ts';
import { CompositeDevice } from '../../../src/devices/virtual/compositeDevice.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import { type ContractDevice, type ContractTraits, testUsbDeviceContract } from '../contract.ts';
import { Endpoint, LoopbackDevice } from '../virtual/loopbackDevice.ts';
import { imported } from './importing.ts';

const devices: [name: string, traits: ContractTraits, make: () => VirtualDevice][] = [
  [
    'loopback device',
    { idleEndpoints: [Endpoint.interruptIn, Endpoint.echoIn], echo: { out: Endpoint.echoOut, in: Endpoint.echoIn } },
    () => new LoopbackDevice(),
  ],
  ['OSR FX2', { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } }, () => new OsrFx2()],
  ['serial port', { idleEndpoints: [0x83, 0x81] }, () => new CdcAcm()],
  ['composite device', { idleEndpoints: [0x81, 0x82], echo: { out: 0x03, in: 0x83 } }, () => new CompositeDevice()],
  ['keyboard', { idleEndpoints: [0x81] }, () => new HidKeyboard()],
  [
    'stick',
    { idleEndpoints: [0x81] },
    () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512 * 8)) }),
  ],
];

for (const [name, traits, make] of devices) {
  testUsbDeviceContract(`an imported ${name}`, { ...traits, unplugs: true }, async (): Promise<ContractDevice> => {
    const local = make();
    const { source, device, close } = await imported(local);
    return {
      device,
      unplug: () => local.unplug(),
      dispose: async () => {
        await source.close();
        await close();
        await local.dispose();
      },
    };
  });
}
