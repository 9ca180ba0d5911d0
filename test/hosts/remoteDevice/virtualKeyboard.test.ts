import { expect } from 'chai';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { VirtualDevices } from '../../../src/devices/virtual/virtualDevices.ts';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { rejection } from '../rejection.ts';

const SET_REPORT = { requestType: 'class', recipient: 'interface', request: 9, value: 0x0200, index: 0 } as const;

async function plugIn(onLeds?: (leds: number) => void) {
  const keyboard = new HidKeyboard(onLeds === undefined ? {} : { onLeds });
  const source = new VirtualDevices();
  source.add(keyboard);
  const device = new RemoteDevice(keyboard);
  await device.open();
  await device.claimInterface(0);
  return { keyboard, source, device };
}

/** The key of a boot report. */
function keyOf({ data }: { readonly data?: DataView | undefined }): number | undefined {
  return data?.getUint8(2);
}

describe('RemoteDevice on the virtual keyboard', () => {
  it('shows a boot keyboard with its names', async () => {
    const { device, source } = await plugIn();
    expect(device).to.include({ manufacturerName: 'urbdrc', productName: 'Virtual Keyboard', serialNumber: null });
    const alternate = device.configuration?.interfaces[0]?.alternate;
    expect(alternate).to.include({ interfaceClass: 3, interfaceSubclass: 1, interfaceProtocol: 1 });
    expect(alternate?.endpoints).to.deep.equal([
      { endpointNumber: 1, direction: 'in', type: 'interrupt', packetSize: 8 },
    ]);
    await source.close();
  });

  it('waits for keys with many transfers under way, which get them in order', async () => {
    const { keyboard, device, source } = await plugIn();
    const reports = Promise.all(Array.from({ length: 32 }, () => device.transferIn(1, 8)));
    for (let usage = 4; usage < 20; usage += 1) {
      keyboard.press(usage);
      keyboard.release();
    }
    const keys = (await reports).map(keyOf);
    expect(keys).to.deep.equal(Array.from({ length: 32 }, (_, index) => (index % 2 === 0 ? 4 + index / 2 : 0)));
    await source.close();
  });

  it('loses no key to a transfer that is cancelled', async () => {
    const { keyboard, device, source } = await plugIn();
    const controller = new AbortController();
    const cancelled = rejection(device.transferIn(1, 8, { signal: controller.signal }));
    const kept = device.transferIn(1, 8);
    controller.abort();
    expect(await cancelled).to.equal(controller.signal.reason);
    keyboard.press(4);
    expect(keyOf(await kept)).to.equal(4);
    await source.close();
  });

  it('sets the lamps, which takes a claim', async () => {
    const seen: number[] = [];
    const { device, source } = await plugIn((leds) => seen.push(leds));
    expect(await device.controlTransferOut(SET_REPORT, Uint8Array.of(2))).to.deep.equal({
      status: 'ok',
      bytesWritten: 1,
    });
    expect(seen).to.deep.equal([2]);
    await device.releaseInterface(0);
    expect((await rejection(device.controlTransferOut(SET_REPORT, Uint8Array.of(1)))).name).to.equal(
      'InvalidStateError',
    );
    expect(seen).to.deep.equal([2]);
    await source.close();
  });

  it('a request that the keyboard does not know is a stall', async () => {
    const { device, source } = await plugIn();
    const unknown = { requestType: 'vendor', recipient: 'device', request: 1, value: 0, index: 0 } as const;
    expect(await device.controlTransferIn(unknown, 4)).to.deep.equal({ status: 'stall' });
    await source.close();
  });

  it('can be closed and opened again', async () => {
    const { keyboard, device, source } = await plugIn();
    const pending = rejection(device.transferIn(1, 8));
    await device.close();
    expect((await pending).name).to.equal('AbortError');
    await device.open();
    await device.claimInterface(0);
    const report = device.transferIn(1, 8);
    keyboard.press(5);
    expect(keyOf(await report)).to.equal(5);
    await source.close();
  });

  it('is gone when it is pulled out, and another device when it comes back', async () => {
    const { keyboard, device, source } = await plugIn();
    const pending = rejection(device.transferIn(1, 8));
    source.remove(keyboard);
    expect((await pending).name).to.equal('NetworkError');
    expect(device.opened).to.equal(false);
    await keyboard.close();
    source.add(keyboard);
    expect((await rejection(device.open())).name).to.equal('NotFoundError');
    const successor = new RemoteDevice(keyboard);
    await successor.open();
    expect(successor.opened).to.equal(true);
    await source.close();
  });
});
