import { expect } from 'chai';
import type { UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { type Complete, resultOf } from '../../src/usb/results.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { FakeUsbDevice } from '../hosts/fakeUsbDevice.ts';

const READ: UsbOperation = { type: 'transferIn', endpointAddress: 0x81, length: 8 };

describe('WrappedDevice', () => {
  it('is the device that it wraps', async () => {
    const device = new FakeUsbDevice(() => undefined);
    const wrapped = new WrappedDevice(device);
    expect(wrapped.identity).to.equal(device.identity);
    expect(wrapped.deviceDescriptor).to.equal(device.deviceDescriptor);
    expect(wrapped.configurationDescriptors).to.equal(device.configurationDescriptors);
    expect(wrapped.configurations).to.equal(device.configurations);
    expect(wrapped.gone).to.equal(device.gone);
    await wrapped.open();
    const results: UsbResult[] = [];
    const transfer = wrapped.submit(READ, (result) => results.push(result));
    expect(device.given.map(({ operation }) => operation)).to.deep.equal([READ]);
    transfer.cancel();
    expect(results.map(({ status }) => status)).to.deep.equal(['cancelled']);
    await wrapped.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('lets a decorator write only what it changes', () => {
    class Deaf extends WrappedDevice {
      override submit(operation: UsbOperation, complete: Complete) {
        return operation.type === 'transferOut'
          ? super.submit(operation, () => complete(resultOf('stalled')))
          : super.submit(operation, complete);
      }
    }
    const device = new FakeUsbDevice(() => resultOf('completed'));
    const statuses: string[] = [];
    const deaf = new Deaf(device);
    deaf.submit({ type: 'transferOut', endpointAddress: 2, data: new Uint8Array(1) }, ({ status }) =>
      statuses.push(status),
    );
    deaf.submit(READ, ({ status }) => statuses.push(status));
    expect(statuses).to.deep.equal(['stalled', 'completed']);
    expect(device.submitted).to.have.length(2);
  });
});
