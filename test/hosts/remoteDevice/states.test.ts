import { expect } from 'chai';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { FakeUsbDevice, result, standardAnswers } from '../fakeUsbDevice.ts';
import { outcomeOf } from '../rejection.ts';

const STATES = ['closed', 'unconfigured', 'configured', 'claimed', 'alternate', 'gone'] as const;
type State = (typeof STATES)[number];

/** Answers everything, so that only the state decides. */
function answerAll(operation: UsbOperation): UsbResult {
  if (operation.type === 'isochronousIn' || operation.type === 'isochronousOut') {
    return { ...result('completed'), packets: operation.packetLengths.map(() => ({ status: 'completed', length: 0 })) };
  }
  return standardAnswers(operation) ?? result('completed');
}

/** A device in the state: interface 0 is claimed in `claimed`, and 1 with alternate setting 1 too in `alternate`. */
async function deviceIn(state: State): Promise<RemoteDevice> {
  const port = new FakeUsbDevice(answerAll);
  const device = new RemoteDevice(port, state === 'unconfigured' ? { initialConfiguration: null } : {});
  if (state === 'closed') return device;
  await device.open();
  if (state === 'unconfigured' || state === 'configured') return device;
  await device.claimInterface(0);
  if (state === 'claimed') return device;
  await device.claimInterface(1);
  await device.selectAlternateInterface(1, 1);
  if (state === 'gone') port.unplug();
  return device;
}

const setup = (recipient: USBRecipient, index: number): USBControlTransferParameters => ({
  requestType: 'vendor',
  recipient,
  request: 1,
  value: 2,
  index,
});
const data = new Uint8Array(8);

const ok = 'ok';
const state = 'InvalidStateError';
const none = 'NotFoundError';
const access = 'InvalidAccessError';
const network = 'NetworkError';

/** Every method in every state of {@link STATES}. */
const TABLE: [string, (device: RemoteDevice) => Promise<unknown>, string[]][] = [
  ['open()', (d) => d.open(), [ok, ok, ok, ok, ok, none]],
  ['close()', (d) => d.close(), [ok, ok, ok, ok, ok, none]],
  ['forget()', (d) => d.forget(), [ok, ok, ok, ok, ok, ok]],
  ['reset()', (d) => d.reset(), [state, ok, ok, ok, ok, none]],
  ['selectConfiguration(2)', (d) => d.selectConfiguration(2), [state, ok, ok, ok, ok, none]],
  ['selectConfiguration(3)', (d) => d.selectConfiguration(3), [none, none, none, none, none, none]],
  ['claimInterface(0)', (d) => d.claimInterface(0), [state, state, ok, ok, ok, none]],
  ['claimInterface(9)', (d) => d.claimInterface(9), [state, state, none, none, none, none]],
  ['releaseInterface(0)', (d) => d.releaseInterface(0), [state, state, ok, ok, ok, none]],
  ['releaseInterface(9)', (d) => d.releaseInterface(9), [state, state, none, none, none, none]],
  ['selectAlternateInterface(0, 0)', (d) => d.selectAlternateInterface(0, 0), [state, state, state, ok, ok, none]],
  ['selectAlternateInterface(0, 7)', (d) => d.selectAlternateInterface(0, 7), [state, state, state, none, none, none]],
  ['selectAlternateInterface(9, 0)', (d) => d.selectAlternateInterface(9, 0), [state, state, none, none, none, none]],
  ['controlTransferIn, device', (d) => d.controlTransferIn(setup('device', 0), 8), [state, ok, ok, ok, ok, none]],
  ['controlTransferIn, other', (d) => d.controlTransferIn(setup('other', 0), 8), [state, ok, ok, ok, ok, none]],
  [
    'controlTransferIn, interface 0',
    (d) => d.controlTransferIn(setup('interface', 0xab00), 8),
    [state, state, state, ok, ok, none],
  ],
  [
    'controlTransferIn, interface 9',
    (d) => d.controlTransferIn(setup('interface', 9), 8),
    [state, state, none, none, none, none],
  ],
  [
    'controlTransferIn, endpoint 1 IN',
    (d) => d.controlTransferIn(setup('endpoint', 0x81), 8),
    [state, state, none, ok, ok, none],
  ],
  ['controlTransferOut, device', (d) => d.controlTransferOut(setup('device', 0), data), [state, ok, ok, ok, ok, none]],
  [
    'controlTransferOut, interface 1, no data',
    (d) => d.controlTransferOut(setup('interface', 1)),
    [state, state, state, state, ok, none],
  ],
  [
    'controlTransferOut, endpoint 4 IN',
    (d) => d.controlTransferOut(setup('endpoint', 0x84), data),
    [state, state, none, none, ok, none],
  ],
  ["clearHalt('in', 1)", (d) => d.clearHalt('in', 1), [state, state, none, ok, ok, none]],
  ["clearHalt('out', 1)", (d) => d.clearHalt('out', 1), [state, state, none, none, none, none]],
  ['transferIn(1), bulk', (d) => d.transferIn(1, 8), [state, state, none, ok, ok, none]],
  ['transferIn(3), interrupt', (d) => d.transferIn(3, 8), [state, state, none, ok, ok, none]],
  ['transferIn(2), which is OUT', (d) => d.transferIn(2, 8), [state, state, none, none, none, none]],
  ['transferIn(4), isochronous', (d) => d.transferIn(4, 8), [state, state, none, none, access, none]],
  ['transferOut(2), bulk', (d) => d.transferOut(2, data), [state, state, none, ok, ok, none]],
  ['transferOut(1), which is IN', (d) => d.transferOut(1, data), [state, state, none, none, none, none]],
  ['transferOut(5), isochronous', (d) => d.transferOut(5, data), [state, state, none, none, access, none]],
  ['isochronousTransferIn(4)', (d) => d.isochronousTransferIn(4, [8, 8]), [state, state, none, none, ok, none]],
  ['isochronousTransferIn(1)', (d) => d.isochronousTransferIn(1, [8]), [state, state, none, access, access, none]],
  ['isochronousTransferOut(5)', (d) => d.isochronousTransferOut(5, data, [8]), [state, state, none, none, ok, none]],
  [
    'isochronousTransferOut(2)',
    (d) => d.isochronousTransferOut(2, data, [8]),
    [state, state, none, access, access, none],
  ],
];

describe('RemoteDevice in every state', () => {
  for (const [method, call, outcomes] of TABLE) {
    STATES.forEach((name, position) => {
      it(`${method} when ${name}: ${outcomes[position] ?? '?'}`, async () => {
        const device = await deviceIn(name);
        expect(await outcomeOf(call(device))).to.equal(outcomes[position]);
      });
    });
  }

  it('has every method of the interface in the table', () => {
    const methods = Object.getOwnPropertyNames(RemoteDevice.prototype).filter(
      (name) => typeof Object.getOwnPropertyDescriptor(RemoteDevice.prototype, name)?.value === 'function',
    );
    const tested = new Set(TABLE.map(([method]) => /^\w+/.exec(method)?.[0]));
    expect(methods.filter((name) => name !== 'constructor' && !tested.has(name))).to.deep.equal([]);
  });
});

/** What fails on the device itself. */
const FAILING: [string, (device: RemoteDevice) => Promise<unknown>][] = [
  ['selectConfiguration', (d) => d.selectConfiguration(2)],
  ['selectAlternateInterface', (d) => d.selectAlternateInterface(1, 1)],
  ['clearHalt', (d) => d.clearHalt('in', 1)],
  ['reset', (d) => d.reset()],
];

describe('RemoteDevice when the device fails', () => {
  for (const [method, call] of FAILING) {
    for (const status of ['stalled', 'failed', 'timedOut', 'notSupported'] as const) {
      it(`${method} rejects with NetworkError on ${status}`, async () => {
        const port = new FakeUsbDevice(answerAll);
        const device = new RemoteDevice(port);
        await device.open();
        await device.claimInterface(0);
        await device.claimInterface(1);
        port.answer = () => result(status);
        expect(await outcomeOf(call(device))).to.equal(network);
      });
    }
  }

  it('open rejects with NetworkError and what the device said, and the device is given back', async () => {
    const port = new FakeUsbDevice(answerAll);
    port.openError = new Error('held by the driver usb-storage; unmount it');
    const error = await new RemoteDevice(port).open().catch((caught: unknown) => caught as Error);
    expect(error).to.include({ name: 'NetworkError', message: 'open: held by the driver usb-storage; unmount it' });
  });

  it('open rejects when the configuration cannot be selected, and closes', async () => {
    const port = new FakeUsbDevice(() => result('failed'));
    const device = new RemoteDevice(port);
    expect(await outcomeOf(device.open())).to.equal(network);
    expect(device.opened).to.equal(false);
    expect(port.calls).to.deep.equal(['open', 'close']);
  });
});

describe('RemoteDevice while a method changes it', () => {
  it('open and close cannot be called while open is under way', async () => {
    const port = new FakeUsbDevice(answerAll);
    const device = new RemoteDevice(port);
    const opening = device.open();
    expect(await outcomeOf(device.open())).to.equal(state);
    expect(await outcomeOf(device.close())).to.equal(state);
    await opening;
    const closing = device.close();
    expect(await outcomeOf(device.open())).to.equal(state);
    expect(await outcomeOf(device.close())).to.equal(state);
    expect(await outcomeOf(device.transferIn(1, 1))).to.equal(state);
    await closing;
    expect(device.opened).to.equal(false);
    await device.open();
    expect(device.opened).to.equal(true);
  });

  it('nothing but close works during selectConfiguration, and close cancels it', async () => {
    const port = new FakeUsbDevice(answerAll);
    const device = new RemoteDevice(port);
    await device.open();
    port.answer = () => undefined;
    const selecting = outcomeOf(device.selectConfiguration(2));
    expect(await outcomeOf(device.claimInterface(0))).to.equal(state);
    expect(await outcomeOf(device.reset())).to.equal(state);
    await device.close();
    expect(await selecting).to.equal('AbortError');
    expect(device.opened).to.equal(false);
  });

  it('an interface whose alternate setting is being selected takes no transfers, others do', async () => {
    const port = new FakeUsbDevice(answerAll);
    const device = new RemoteDevice(port);
    await device.open();
    await device.claimInterface(0);
    await device.claimInterface(1);
    await device.selectAlternateInterface(1, 1);
    port.answer = (operation) => (operation.type === 'setInterface' ? undefined : answerAll(operation));
    const selecting = device.selectAlternateInterface(1, 0);
    expect(await outcomeOf(device.isochronousTransferIn(4, [8]))).to.equal(state);
    expect(await outcomeOf(device.claimInterface(1))).to.equal(state);
    expect(await outcomeOf(device.releaseInterface(1))).to.equal(state);
    expect(await outcomeOf(device.controlTransferOut(setup('interface', 1)))).to.equal(state);
    expect(await outcomeOf(device.transferIn(1, 8))).to.equal(ok);
    port.given[0]?.complete(result('completed'));
    await selecting;
    expect(device.configuration?.interfaces[1]?.alternate.alternateSetting).to.equal(0);
  });
});
