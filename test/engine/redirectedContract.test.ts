import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import type { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import { testUsbDeviceContract, type ContractDevice } from '../devices/contract.ts';
import { Endpoint, LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { stack } from './stack.ts';

/** The device as the server has it. */
async function redirected(local: VirtualDevice, dispose?: () => Promise<void>): Promise<ContractDevice> {
  const { client, host } = stack();
  await client.attach(local);
  const device = await host.added();
  return {
    device,
    unplug: () => local.unplug(),
    dispose: async () => {
      await client.close();
      await dispose?.();
    },
  };
}

const loopback = {
  idleEndpoints: [Endpoint.interruptIn, Endpoint.echoIn],
  echo: { out: Endpoint.echoOut, in: Endpoint.echoIn },
  unplugs: true,
};
testUsbDeviceContract('a redirected loopback device', loopback, () => redirected(new LoopbackDevice()));

testUsbDeviceContract('a redirected keyboard', { idleEndpoints: [0x81], unplugs: true }, () =>
  redirected(new HidKeyboard()),
);

testUsbDeviceContract('a redirected stick', { idleEndpoints: [0x81], unplugs: true }, () => {
  const stick = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512 * 8)) });
  return redirected(stick, () => stick.dispose());
});
