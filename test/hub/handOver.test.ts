import { expect } from 'chai';
import { CommandBlockWrapper, CommandStatusWrapper } from '../../codecs/usb/bulkOnlyTransport.ts';
import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { GatedDevice } from '../../src/hub/gatedDevice.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { HubEvent, HubQuestion } from '../../src/hub/hubDevice.ts';
import { parseShareRule } from '../../src/policy/ruleText.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { resultOf } from '../../src/usb/results.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../engine/stack.ts';
import { FakeSink, FakeSource, told } from './hubFakes.ts';

const STICK = [8, 6, 0x50];
const VENDOR = [0xff, 0, 0];
const CAMERA = [0x0e, 1, 0];
const [IN, OUT] = [0x81, 0x02];

/** A device that writes down what is done to it; bulk transfers end when a test says so. */
class BenchDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity = {
    ...{ vendorId: 0x46f4, productId: 1, deviceVersion: 0x100, usbVersion: 0x200, speed: 'high' },
    ...{ deviceClass: 0, deviceSubclass: 0, deviceProtocol: 0, busNumber: 1, deviceAddress: 1, portPath: '1-1' },
  };
  readonly deviceDescriptor = Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1);
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations;
  readonly gone = new AbortController().signal;
  readonly log: string[] = [];
  readonly pending: { readonly operation: UsbOperation; readonly finish: (result: UsbResult) => void }[] = [];
  /** Undefined: a reset has no end. */
  resetStatus: UsbResult['status'] | undefined = 'completed';

  constructor(interfaceClass: readonly number[]) {
    this.configurationDescriptors = [
      Uint8Array.of(
        ...[9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, ...interfaceClass, 0],
        ...[7, 5, IN, 2, 0, 2, 0, 7, 5, OUT, 2, 0, 2, 0],
      ),
    ];
    this.configurations = readConfigurations(this.configurationDescriptors);
  }

  open(): Promise<void> {
    this.log.push('open');
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.log.push('close');
    for (const { finish } of this.pending.splice(0)) finish(resultOf('cancelled'));
    return Promise.resolve();
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    switch (operation.type) {
      case 'control':
        complete(resultOf('completed', this.#descriptor(operation.setup.wValue >> 8)));
        break;
      case 'transferIn':
      case 'transferOut': {
        const entry = {
          operation,
          finish: (result: UsbResult) => {
            if (this.pending.includes(entry)) this.pending.splice(this.pending.indexOf(entry), 1);
            complete(result);
          },
        };
        this.pending.push(entry);
        break;
      }
      case 'abortEndpoint':
        this.log.push(`abort ${operation.endpointAddress.toString(16)}`);
        for (const each of [...this.pending]) {
          const is =
            'endpointAddress' in each.operation && each.operation.endpointAddress === operation.endpointAddress;
          if (is) each.finish(resultOf('cancelled'));
        }
        complete(resultOf('completed'));
        break;
      case 'setConfiguration':
        this.log.push(`configuration ${operation.configurationValue}`);
        complete(resultOf('completed'));
        break;
      default:
        this.log.push(operation.type);
        if (operation.type !== 'resetDevice') complete(resultOf('completed'));
        else if (this.resetStatus !== undefined) complete(resultOf(this.resetStatus));
    }
    return { cancel: () => {} };
  }

  #descriptor(type: number): Uint8Array {
    return type === 1 ? this.deviceDescriptor : (this.configurationDescriptors[0] ?? new Uint8Array(0));
  }
}

/** A host that opens and configures what it gets, and closes it when it is released or gone. */
class BenchSink extends FakeSink {
  readonly devices: UsbDevice[] = [];

  override async attach(device: UsbDevice) {
    await device.open();
    this.devices.push(device);
    const attachment = await super.attach(device);
    const [given] = this.attached.slice(-1);
    if (given !== undefined) given.beforeRelease = () => device.close();
    return attachment;
  }

  get device(): UsbDevice {
    const device = this.devices.at(-1);
    if (device === undefined) throw new Error('nothing is attached');
    return device;
  }

  /** Submits; the outcome is in the result, once there is one. */
  submit(operation: UsbOperation): { status: string } {
    const outcome = { status: 'pending' };
    this.device.submit(operation, ({ status }) => (outcome.status = status));
    return outcome;
  }
}

const commandOf = (tag: number) =>
  joinParts(
    CommandBlockWrapper.encode({
      ...{ name: 'CBW', dCBWTag: tag, dCBWDataTransferLength: 512, bmCBWFlags: 0, bCBWLUN: 0, bCBWCBLength: 6 },
      CBWCB: new Uint8Array(6),
    }),
  );
const statusOf = (tag: number) =>
  joinParts(CommandStatusWrapper.encode({ name: 'CSW', dCSWTag: tag, dCSWDataResidue: 0, bCSWStatus: 0 }));
const out = (data: Uint8Array): UsbOperation => ({ type: 'transferOut', endpointAddress: OUT, data });
const inward = (length: number): UsbOperation => ({ type: 'transferIn', endpointAddress: IN, length });

async function scene(interfaceClass: readonly number[], rule: string) {
  const clock = new VirtualClock();
  const events: string[] = [];
  const questions: { readonly question: HubQuestion; readonly withdrawn: AbortSignal; answer(isYes: boolean): void }[] =
    [];
  const hub = new Hub({
    clock,
    share: [parseShareRule(rule, 'test')],
    person: {
      unavailable: undefined,
      ask: (question, withdrawn) => new Promise((answer) => questions.push({ question, withdrawn, answer })),
    },
    onEvent: (event: HubEvent) => events.push(told(event)),
  });
  const [left, right] = [new BenchSink('left'), new BenchSink('right')];
  const device = new BenchDevice(interfaceClass);
  const source = new FakeSource();
  source.list = () => Promise.resolve([device]);
  await hub.addSink(left);
  await hub.addSink(right);
  await hub.addSource(source);
  left.submit({ type: 'setConfiguration', configurationValue: 1 });
  device.log.splice(0);
  events.splice(0);
  return { hub, clock, events, questions, left, right, device, source };
}

describe('a device that changes hands', () => {
  it('first ends what is pending, then leaves the holder, is reset and configured, and comes to the next', async () => {
    const { hub, events, left, right, device } = await scene(VENDOR, 'take *');
    const pending = left.submit(inward(64));
    expect(await hub.claim(1, right, { want: 'take' })).to.deep.equal({ type: 'granted' });
    await turns(5);
    expect(pending.status).to.equal('cancelled');
    expect(device.log).to.deep.equal(['abort 81', 'abort 2', 'close', 'open', 'resetDevice', 'configuration 1']);
    expect(events).to.deep.equal(['ended 1 left: released', 'taken 1 from left by right', 'attached 1 right']);
  });

  it('takes no new request of the holder: they end as cancelled', async () => {
    const { hub, left, right, device } = await scene(VENDOR, 'take *');
    const former = left.device;
    await hub.claim(1, right, { want: 'take' });
    await turns(5);
    const outcome = { status: 'pending' };
    former.submit(inward(64), ({ status }) => (outcome.status = status));
    await former.close();
    expect(outcome.status).to.equal('cancelled');
    expect(device.pending).to.deep.equal([]);
    expect(device.log.filter((line) => line === 'close')).to.have.length(1);
  });

  it('of mass storage goes only when the SCSI command under way has its status', async () => {
    const { hub, left, right, device } = await scene(STICK, 'take *');
    left.submit(out(commandOf(7)));
    device.pending[0]?.finish(resultOf('completed', undefined, 31));
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(5);
    expect(device.log).to.deep.equal([]);
    const data = left.submit(out(new Uint8Array(512)));
    device.pending[0]?.finish(resultOf('completed', undefined, 512));
    const status = left.submit(inward(13));
    await turns(5);
    expect([data.status, device.log]).to.deep.equal(['completed', []]);
    device.pending[0]?.finish(resultOf('completed', statusOf(7)));
    expect(await claimed).to.deep.equal({ type: 'granted' });
    await turns(5);
    expect(status.status).to.equal('completed');
    expect(device.log.slice(2)).to.deep.equal(['close', 'open', 'resetDevice', 'configuration 1']);
  });

  it('of mass storage takes no further SCSI command, also one that comes with the status', async () => {
    const { hub, left, right, device } = await scene(STICK, 'take *');
    left.submit(out(commandOf(7)));
    device.pending[0]?.finish(resultOf('completed', undefined, 31));
    const claimed = hub.claim(1, right, { want: 'take' });
    const next = { status: 'pending' };
    left.device.submit(inward(13), () => {
      left.device.submit(out(commandOf(8)), ({ status }) => (next.status = status));
    });
    device.pending[0]?.finish(resultOf('completed', statusOf(7)));
    await claimed;
    expect(next.status).to.equal('cancelled');
  });

  it('of mass storage that is idle goes at once', async () => {
    const { hub, left, right, device } = await scene(STICK, 'take *');
    left.submit(out(commandOf(7)));
    device.pending[0]?.finish(resultOf('completed', undefined, 31));
    left.submit(inward(13));
    device.pending[0]?.finish(resultOf('completed', statusOf(7)));
    await hub.claim(1, right, { want: 'take' });
    await turns(5);
    expect(device.log.at(-1)).to.equal('configuration 1');
  });

  it('of mass storage is taken by force when the command does not end in 2 s', async () => {
    const { hub, clock, events, left, right, device } = await scene(STICK, 'take *');
    left.submit(out(commandOf(7)));
    device.pending[0]?.finish(resultOf('completed', undefined, 31));
    const status = left.submit(inward(13));
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(5);
    clock.advance(1999);
    await turns(5);
    expect([status.status, device.log]).to.deep.equal(['pending', []]);
    clock.advance(1);
    await claimed;
    await turns(5);
    expect([status.status, left.device.gone.aborted]).to.deep.equal(['cancelled', true]);
    expect(device.log).to.deep.equal(['close', 'open', 'resetDevice', 'configuration 1']);
    expect(events).to.deep.equal([
      'ended 1 left: unplugged',
      'taken 1 from left by right, by force',
      'attached 1 right',
    ]);
  });

  it('is taken by force from a holder that does not let go', async () => {
    const { hub, clock, events, left, right, device } = await scene(VENDOR, 'take *');
    const [attachment] = left.attached;
    if (attachment !== undefined) attachment.beforeRelease = () => new Promise(() => {});
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(5);
    clock.advance(2000);
    await claimed;
    await turns(5);
    expect(events.slice(-2)).to.deep.equal(['taken 1 from left by right, by force', 'attached 1 right']);
    expect(device.log.slice(-4)).to.deep.equal(['close', 'open', 'resetDevice', 'configuration 1']);
    expect(clock.pending).to.equal(0);
  });

  it('that streams goes after the notice', async () => {
    const { hub, clock, events, right, device } = await scene(CAMERA, 'take *');
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(5);
    expect([events, device.log]).to.deep.equal([['noticed 1: right wants it, left has it'], []]);
    clock.advance(2000);
    expect(await claimed).to.deep.equal({ type: 'granted' });
  });

  it('goes when the person says yes for its holder', async () => {
    const { hub, clock, questions, right } = await scene(VENDOR, 'ask *');
    clock.advance(5000);
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(3);
    const [asked] = questions;
    expect(asked?.question.reason).to.equal('wanted by right; left has had it for 5 s');
    expect(asked?.question.claim).to.deep.equal({ holder: 'left', claimant: 'right' });
    asked?.answer(true);
    expect(await claimed).to.deep.equal({ type: 'granted' });
  });

  it('stays when the person says no, and the claimant is told by whom and since when', async () => {
    const { hub, events, questions, right } = await scene(VENDOR, 'ask *');
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(3);
    questions[0]?.answer(false);
    expect(await claimed).to.deep.equal({ type: 'refused', holder: 'left', since: 0, reason: 'left keeps it' });
    expect(events).to.deep.equal(['asked 1: right wants it, left has it', 'refused 1: right: left keeps it']);
  });

  it('withdraws the question when the holder goes', async () => {
    const { hub, questions, left, right } = await scene(VENDOR, 'ask *');
    const claimed = hub.claim(1, right, { want: 'take' });
    await turns(3);
    left.fail(new Error('the server is gone'));
    expect(await claimed).to.deep.equal({ type: 'granted' });
    expect(questions[0]?.withdrawn.aborted).to.equal(true);
  });

  it('stays where the rule says so, and the claimant is told the rule', async () => {
    const { hub, right } = await scene(VENDOR, 'refuse *');
    const reason = 'the rule is refuse * (test)';
    const refused = { type: 'refused', holder: 'left', since: 0, reason };
    expect(await hub.claim(1, right, { want: 'take' })).to.deep.equal(refused);
  });

  it('passes on to who waits when its holder returns it', async () => {
    const { hub, events, left, right } = await scene(VENDOR, 'refuse *');
    expect(await hub.claim(1, right, { wait: 60_000 })).to.deep.equal({ type: 'queued', place: 1 });
    left.attached[0]?.finish({ reason: 'returned' });
    await turns(5);
    expect(events.at(-1)).to.equal('attached 1 right');
  });

  it('is not kept for a claimant that is removed', async () => {
    const { hub, left, right } = await scene(VENDOR, 'refuse *');
    await hub.claim(1, right, { wait: 60_000 });
    await hub.removeSink(right);
    left.attached[0]?.finish({ reason: 'returned' });
    await turns(5);
    expect(hub.devices.map(({ state, sharing }) => [state.name, sharing.queue])).to.deep.equal([['free', []]]);
  });

  it('passes on when the one to whom it goes cannot take it', async () => {
    const { hub, events, left, right } = await scene(VENDOR, 'take *');
    await hub.claim(1, right, { wait: 60_000 });
    const third = new BenchSink('third');
    third.rejection = new Error('no port is free');
    await hub.addSink(third);
    await hub.claim(1, third, { want: 'take' });
    await turns(10);
    expect(events.slice(-2)).to.deep.equal(['rejected 1 third: no port is free', 'attached 1 right']);
    expect(left.devices).to.have.length(1);
  });

  it('is lost when it does not come back from the reset', async () => {
    const { hub, events, right, device } = await scene(VENDOR, 'take *');
    device.resetStatus = 'disconnected';
    await hub.claim(1, right, { want: 'take' });
    await turns(5);
    const problem = 'it did not come back from the reset between two holders';
    expect(events.at(-1)).to.equal(`rejected 1 right: ${problem}`);
    expect(device.log.at(-1)).to.equal('close');
  });
});

describe('a stick that is given back in the middle of a SCSI command', () => {
  /** The command has reached the device, and its status was not read. */
  async function torn() {
    const made = await scene(STICK, 'take *');
    made.left.submit(out(commandOf(7)));
    made.device.pending[0]?.finish(resultOf('completed', undefined, 31));
    return made;
  }

  it('is reset before it is closed, so that the next driver does not find it waiting for the rest', async () => {
    const { hub, left, device } = await torn();
    left.submit(inward(512));
    await hub.close();
    expect(device.log).to.deep.equal(['resetDevice', 'close']);
  });

  it('is closed all the same when the reset does not end in 2 s', async () => {
    const { clock, left, device } = await torn();
    device.resetStatus = undefined;
    const closed = left.device.close();
    clock.advance(1999);
    await turns(3);
    expect(device.log).to.deep.equal(['resetDevice']);
    clock.advance(1);
    await closed;
    expect(device.log).to.deep.equal(['resetDevice', 'close']);
  });

  it('is not reset when the status was read, and keeps no timer', async () => {
    const { clock, left, device } = await torn();
    left.submit(inward(13));
    device.pending[0]?.finish(resultOf('completed', statusOf(7)));
    await left.device.close();
    expect([device.log, clock.pending]).to.deep.equal([['close'], 0]);
  });

  it('is not reset when it was unplugged', async () => {
    const unplugged = new AbortController();
    const bench = Object.assign(new BenchDevice(STICK), { gone: unplugged.signal });
    const device = new GatedDevice(bench, new VirtualClock());
    await device.open();
    device.submit(out(commandOf(7)), () => {});
    unplugged.abort();
    await device.close();
    expect(bench.log).to.deep.equal(['open', 'close']);
  });

  it('is reset once it is taken by force for nobody else, too', async () => {
    const { hub, clock, device } = await torn();
    const released = hub.release(1);
    await turns(5);
    clock.advance(2000);
    await released;
    await turns(5);
    expect([device.log, clock.pending]).to.deep.equal([['resetDevice', 'close'], 0]);
  });
});

describe('the gate of a holder', () => {
  it('tells that the device is gone, also after it was closed and opened again', async () => {
    const unplugged = new AbortController();
    const device = new GatedDevice(
      Object.assign(new BenchDevice(VENDOR), { gone: unplugged.signal }),
      new VirtualClock(),
    );
    await device.open();
    await device.close();
    await device.open();
    unplugged.abort(new Error('unplugged'));
    expect(device.gone.aborted).to.equal(true);
  });

  it('hears nothing more of the device when its holder has left', () => {
    const unplugged = new AbortController();
    const device = new GatedDevice(
      Object.assign(new BenchDevice(VENDOR), { gone: unplugged.signal }),
      new VirtualClock(),
    );
    expect([device.leave(), device.leave()]).to.deep.equal([true, false]);
    unplugged.abort();
    expect(device.gone.aborted).to.equal(false);
  });
});

describe('a person at the hub', () => {
  it('gives a device to another, whatever the rules say', async () => {
    const { hub, events, right } = await scene(STICK, 'refuse *');
    expect(await hub.give(1, right)).to.deep.equal({ type: 'granted' });
    await turns(5);
    expect(events.at(-1)).to.equal('attached 1 right');
  });

  it('gives a free device', async () => {
    const { hub, events, right } = await scene(VENDOR, 'refuse *');
    await hub.release(1);
    expect(await hub.give(1, right)).to.deep.equal({ type: 'granted' });
    await turns(5);
    expect(events.at(-1)).to.equal('attached 1 right');
  });

  it('releases a device, which stays free where nobody waits', async () => {
    const { hub, events, left } = await scene(VENDOR, 'refuse *');
    await hub.release(1);
    await turns(5);
    expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['free']);
    expect(events).to.deep.equal(['ended 1 left: released']);
    await hub.release(1);
    expect(left.attached).to.have.length(1);
  });

  it('releases a device to who waits', async () => {
    const { hub, events, right } = await scene(VENDOR, 'refuse *');
    await hub.claim(1, right, { wait: 60_000 });
    await hub.release(1);
    await turns(5);
    expect(events.at(-1)).to.equal('attached 1 right');
  });

  it('drops a device: its source takes it back, and who waits is refused', async () => {
    const { hub, events, right, source } = await scene(VENDOR, 'refuse *');
    await hub.claim(1, right, { wait: 60_000 });
    await hub.drop(1, 'not today');
    expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['denied']);
    expect(source.refused.map(([, reason]) => reason)).to.deep.equal(['not today']);
    expect(events).to.include('refused 1: right: not today');
    expect(await hub.claim(1, right)).to.include({ type: 'refused', reason: 'not today' });
  });

  it('neither gives nor releases a device that its holder has locked, but can drop it', async () => {
    const { hub, left, right } = await scene(VENDOR, 'take *');
    expect(hub.lock(1, 'it is being written')).to.equal(true);
    const message = 'device 1 is locked by left: it is being written';
    for (const attempt of [hub.give(1, right), hub.release(1)]) {
      expect(await attempt.catch((error: unknown) => error)).to.include({ code: 'DEVICE_LOCKED', message });
    }
    const claimed = await hub.claim(1, right, { want: 'take' });
    expect(claimed).to.include({ type: 'refused', reason: 'it is locked: it is being written' });
    await hub.drop(1, 'enough');
    expect(left.attached[0]?.isReleased).to.equal(true);
  });

  it('can claim again what is unlocked', async () => {
    const { hub, right } = await scene(VENDOR, 'take *');
    hub.lock(1, 'it is being written');
    hub.unlock(1);
    expect(await hub.claim(1, right, { want: 'take' })).to.deep.equal({ type: 'granted' });
  });

  it('is told what does not exist', async () => {
    const { hub } = await scene(VENDOR, 'take *');
    const code = (action: Promise<unknown>) => action.catch((error: unknown) => error);
    expect(await code(hub.release(9))).to.include({ code: 'NO_SUCH_DEVICE' });
    expect(await code(hub.give(1, 9))).to.include({ code: 'NO_SUCH_SESSION' });
    expect(await code(hub.claim(1, new FakeSink('stranger')))).to.include({ code: 'NO_SUCH_SINK' });
  });
});
