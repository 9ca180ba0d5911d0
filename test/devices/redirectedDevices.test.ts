import { expect } from 'chai';
import { CdcAcm } from '../../src/devices/virtual/cdcAcm.ts';
import { CompositeDevice } from '../../src/devices/virtual/compositeDevice.ts';
import { withFaults } from '../../src/devices/virtual/faultyDevice.ts';
import { GadgetZero } from '../../src/devices/virtual/gadgetZero.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import type { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import type { UsbDevice } from '../../src/ports/usb.ts';
import { stack } from '../engine/stack.ts';
import { testUsbDeviceContract, type ContractTraits } from './contract.ts';
import { Recorder } from './recorder.ts';

/** The device as the server has it. */
async function redirected(local: UsbDevice) {
  const { client, host } = stack();
  await client.attach(local);
  return { device: await host.added(), dispose: () => client.close() };
}

const devices: [name: string, traits: ContractTraits, make: () => VirtualDevice][] = [
  ['OSR FX2', { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } }, () => new OsrFx2()],
  ['gadget zero', { idleEndpoints: [0x81] }, () => new GadgetZero({ loopbackFirst: true })],
  ['serial port', { idleEndpoints: [0x83, 0x81] }, () => new CdcAcm()],
  [
    'composite device',
    { idleEndpoints: [0x81, 0x82, 0x83], echo: { out: 0x03, in: 0x83 } },
    () => new CompositeDevice(),
  ],
];
for (const [name, traits, make] of devices) {
  testUsbDeviceContract(`a redirected ${name}`, { ...traits, unplugs: true }, async () => {
    const local = make();
    return { ...(await redirected(local)), unplug: () => local.unplug() };
  });
}

describe('a redirected device with faults', () => {
  it('a stall, an overflow and a lost device are at the server what they are at the client', async () => {
    const board = withFaults(new OsrFx2(), [
      { fault: { type: 'stall' }, operation: 'transferOut', nth: 1 },
      { fault: { type: 'fail', status: 'overflowed' }, operation: 'transferIn', nth: 1 },
      { fault: { type: 'unplug' }, operation: 'transferIn', nth: 3 },
    ]);
    const { device, dispose } = await redirected(board);
    const usb = new Recorder(device);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const write = async () => (await usb.out(0x06, Uint8Array.of(1, 2, 3)).result).status;
    const read = async () => (await usb.in(0x88, 512).result).status;
    expect([await write(), await write()]).to.deep.equal(['stalled', 'stalled']);
    await usb.run({ type: 'clearHalt', endpointAddress: 0x06 });
    expect([await write(), await read(), await read()]).to.deep.equal(['completed', 'overflowed', 'completed']);
    expect(await read()).to.equal('disconnected');
    await dispose();
  });

  it('one that babbles loses its channel ([MS-RDPEUSB] 3.3.5.3.6)', async () => {
    const script = [{ fault: { type: 'babble', extra: 1 }, operation: 'transferIn' }] as const;
    const { device, dispose } = await redirected(withFaults(new OsrFx2(), script));
    const usb = new Recorder(device);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    await usb.out(0x06, Uint8Array.of(1)).result;
    expect((await usb.in(0x88, 512).result).status).to.equal('disconnected');
    expect(device.gone.aborted).to.equal(true);
    await dispose();
  });

  it('one that is never ready: the transfer is cancelled, and those behind it go on', async () => {
    const script = [{ fault: { type: 'hang' }, operation: 'transferOut', nth: 1 }] as const;
    const { device, dispose } = await redirected(withFaults(new OsrFx2(), script));
    const usb = new Recorder(device);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const [first, second] = [usb.out(0x06, Uint8Array.of(1)), usb.out(0x06, Uint8Array.of(2))];
    await usb.read(0x80, 0, 0, 0, 2);
    first.transfer.cancel();
    expect((await first.result).status).to.equal('cancelled');
    expect((await second.result).status).to.equal('completed');
    expect([...(await usb.in(0x88, 512).result).data]).to.deep.equal([2]);
    await dispose();
  });
});
