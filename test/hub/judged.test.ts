import { expect } from 'chai';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { Hub } from '../../src/hub/hub.ts';
import { rulePolicy } from '../../src/policy/decide.ts';
import { parseRules } from '../../src/policy/ruleText.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import type { Complete } from '../../src/usb/results.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../engine/stack.ts';
import { FakeSink, FakeSource, told } from './hubFakes.ts';

/** A stick that is a keyboard from a moment on: what it is announced as stays. */
class TwoFaced extends WrappedDevice {
  readonly #keyboard = new HidKeyboard();
  isKeyboard = false;

  constructor() {
    super(new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(1 << 20)) }));
  }

  override async open(): Promise<void> {
    await this.#keyboard.open();
    await super.open();
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.isKeyboard ? this.#keyboard.submit(operation, complete) : super.submit(operation, complete);
  }
}

const policy = rulePolicy({ rules: parseRules('allow every-interface 08\n', 'rules').rules, otherwise: 'deny' });

const submit = (device: UsbDevice, operation: UsbOperation) =>
  new Promise<UsbResult>((resolve) => device.submit(operation, resolve));
const descriptor = async (device: UsbDevice, type: number, wLength: number) => {
  const setup = { bmRequestType: 0x80, bRequest: 6, wValue: type << 8, wIndex: 0, wLength };
  return (await submit(device, { type: 'control', setup, data: new Uint8Array(0), timeout: 0 })).data;
};

/** A client redirects `device` to a server whose hub has rules; the sink's devices are opened by the test. */
async function served(device: UsbDevice) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair();
  const client = new RedirectionClient(near, { clock });
  const events: string[] = [];
  const hub = new Hub({ clock, policy, onEvent: (event) => events.push(told(event)) });
  const sink = new FakeSink('kernel');
  await hub.addSink(sink);
  await hub.addSource(new RedirectionServer(far, { clock }));
  const redirection = await client.attach(device);
  await turns();
  const close = () => Promise.all([hub.close(), client.close()]);
  return { sink, events, redirection, close };
}

describe('a hub whose device is not what it was judged as', () => {
  it('gives the host the stick that the policy allowed, although the client shows a keyboard by now', async () => {
    const device = new TwoFaced();
    const { sink, close } = await served(device);
    const [attached] = sink.attached;
    expect(attached).not.to.equal(undefined);
    if (attached === undefined) return;
    await attached.device.open();
    device.isKeyboard = true;
    expect(await descriptor(attached.device, 1, 18)).to.deep.equal(device.deviceDescriptor);
    expect(await descriptor(attached.device, 2, 0xffff)).to.deep.equal(device.configurationDescriptors[0]);
    const key: UsbOperation = { type: 'transferIn', endpointAddress: 0x83, length: 8 };
    expect((await submit(attached.device, key)).status).to.equal('notFound');
    await close();
  });

  it('does not open a device that has become another one meanwhile', async () => {
    const device = new TwoFaced();
    const { sink, close } = await served(device);
    device.isKeyboard = true;
    const error = await sink.attached[0]?.device.open().catch((reason: unknown) => reason);
    expect(String(error)).to.include('it is no longer the device that was judged: its device descriptor has changed');
    await close();
  });

  it('retracts a device that a reset has made another one, with one line', async () => {
    const device = new TwoFaced();
    const { sink, events, redirection, close } = await served(device);
    const [attached] = sink.attached;
    await attached?.device.open();
    device.isKeyboard = true;
    if (attached !== undefined)
      expect((await submit(attached.device, { type: 'resetDevice' })).status).to.equal('disconnected');
    await turns();
    expect(events.filter((line) => line.startsWith('decided'))).to.deep.equal([
      'decided 1: allowed by allow every-interface 08 (rules:1)',
      'decided 1: after a reset its device descriptor is another',
    ]);
    expect(events.slice(-2)).to.have.members(['gone 1', 'ended 1 kernel: unplugged']);
    expect((await redirection.ended).reason).to.be.oneOf(['refused', 'returned']);
    await close();
  });

  it('leaves a local device that a reset has changed alone until it is plugged in again, and judges it then', async () => {
    const clock = new VirtualClock();
    const hub = new Hub({ clock, policy });
    const [source, sink] = [new FakeSource(), new FakeSink('server')];
    const device = new TwoFaced();
    source.list = () => Promise.resolve([device]);
    await hub.addSink(sink);
    await hub.addSource(source);
    const [attached] = sink.attached;
    await attached?.device.open();
    device.isKeyboard = true;
    if (attached !== undefined) await submit(attached.device, { type: 'resetDevice' });
    await turns(3);
    expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['denied']);
    const another = new FakeSink('another');
    await hub.addSink(another);
    expect(another.attached).to.deep.equal([]);
    source.plug();
    await turns(3);
    expect(hub.devices.map(({ decision }) => decision?.action)).to.deep.equal(['deny', 'deny']);
  });

  it('an honest client announces the stick that its policy allowed, although the device shows the server a keyboard', async () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair();
    const device = new TwoFaced();
    const source = new FakeSource();
    source.list = () => Promise.resolve([device]);
    const hub = new Hub({
      clock,
      policy,
      // Between the decision and the announcement, and after the look that the hub takes when it opens the device.
      decorate: (judged) => {
        const decorated = new WrappedDevice(judged);
        decorated.open = async () => {
          await judged.open();
          device.isKeyboard = true;
        };
        return decorated;
      },
    });
    const server = new RedirectionServer(far, { clock });
    const sink = new FakeSink('far');
    const farHub = new Hub({ clock });
    await farHub.addSink(sink);
    await farHub.addSource(server);
    await hub.addSource(source);
    await hub.addSink(new RedirectionClient(near, { clock }));
    await turns();
    const [arrived] = sink.attached;
    expect(arrived?.device.identity.productName).to.equal('Virtual Stick');
    expect(arrived?.device.deviceDescriptor).to.deep.equal(device.deviceDescriptor);
    expect(arrived?.device.configurations.flatMap(({ interfaces }) => interfaces)).to.have.length(1);
    expect(arrived?.device.configurations[0]?.interfaces[0]?.interfaceClass).to.equal(8);
    await Promise.all([hub.close(), farHub.close()]);
  });
});
