import { expect } from 'chai';
import { readNativeNames } from '../../src/devices/libusb/nativeNames.ts';
import type { NativeContext } from '../../src/devices/libusb/usbBinding.ts';
import { facts, SoftwareDevice, SoftwareTransfer } from './softwareLibusb.ts';

const STRINGS: Readonly<Record<number, Uint8Array>> = {
  0: Uint8Array.of(4, 3, 0x07, 0x04),
  1: Uint8Array.of(6, 3, ...Buffer.from('Mx', 'utf16le')),
  2: Uint8Array.of(6, 3, ...Buffer.from('  ', 'utf16le')),
};

function deviceWithNames(): { context: NativeContext; native: SoftwareDevice } {
  const native = new SoftwareDevice(facts());
  Object.assign(native.deviceDescriptor, { iManufacturer: 1, iProduct: 2, iSerialNumber: 3 });
  return { native, context: { INIT_ERROR: 0, Transfer: SoftwareTransfer, getDeviceList: () => [native] } };
}

/** Ends each request for a string that comes with the string, or with a stall. */
async function answer(native: SoftwareDevice, done: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const over = done.finally(() => (state.isOver = true));
  while (!state.isOver) {
    for (const transfer of [...native.pending]) {
      const string = STRINGS[transfer.buffer?.[2] ?? 0];
      if (string === undefined) transfer.end(4);
      else transfer.end(0, string);
    }
    await new Promise(setImmediate);
  }
  await over;
}

describe('names of devices where the system does not tell them', () => {
  it('are read from the device, which is opened for that and nothing else', async () => {
    const { context, native } = deviceWithNames();
    const names = readNativeNames(context, facts());
    await answer(native, names);
    expect(await names).to.deep.equal({ manufacturerName: 'Mx' });
    expect(native.log).to.deep.equal(['open', 'close']);
  });

  it('are none of a device that cannot be opened, or is not in the list', async () => {
    const { context, native } = deviceWithNames();
    native.errors.set('open', -3);
    expect(await readNativeNames(context, facts())).to.deep.equal({});
    expect(await readNativeNames(context, facts(9))).to.deep.equal({});
    expect(native.log).to.deep.equal(['open']);
  });
});
