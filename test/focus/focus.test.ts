import { expect } from 'chai';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { FOCUS_TRANSITIONS, FocusedDevice } from '../../src/focus/focusedDevice.ts';
import { FocusGroup, type FocusOwner, isChord } from '../../src/focus/focusGroup.ts';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const [KEY_A, KEY_F12] = [0x04, 0x45];
const RIGHT_CTRL_ALT = 0x50;
const UP = '0000000000000000';
const control = (bmRequestType: number, bRequest: number, wValue: number, wLength: number, data: number[] = []) =>
  ({
    type: 'control',
    setup: { bmRequestType, bRequest, wValue, wIndex: 0, wLength },
    data: Uint8Array.from(data),
    timeout: 0,
  }) as const satisfies UsbOperation;
const REPORT_DESCRIPTOR = control(0x81, 6, 0x2200, 256);
const SET_IDLE = control(0x21, 0x0a, 0, 0);
const setLeds = (leds: number) => control(0x21, 9, 0x0200, 1, [leds]);
const READ: UsbOperation = { type: 'transferIn', endpointAddress: 0x81, length: 8 };

/** A keyboard that this machine's drivers have whenever nobody has it open. */
class SharedKeyboard extends WrappedDevice<HidKeyboard> {
  readonly keyboard: HidKeyboard;
  readonly log: string[] = [];
  /** Thrown by `open`, when set. */
  problem: Error | undefined;

  constructor() {
    const keyboard = new HidKeyboard();
    super(keyboard);
    this.keyboard = keyboard;
  }

  override async open(): Promise<void> {
    if (this.problem !== undefined) throw this.problem;
    this.log.push('claimed');
    await super.open();
  }

  override async close(): Promise<void> {
    await super.close();
    this.log.push('given back');
  }

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    this.log.push(operation.type === 'control' ? `request ${operation.setup.bRequest}` : operation.type);
    return super.submit(operation, complete);
  }
}

describe('focus', () => {
  let real: SharedKeyboard;
  let group: FocusGroup;
  let device: FocusedDevice;
  let switched: [FocusOwner, string | undefined][];
  /** Reports that the other end has read, as hex. */
  let reports: string[];

  beforeEach(async () => {
    real = new SharedKeyboard();
    switched = [];
    reports = [];
    group = new FocusGroup({
      clock: new VirtualClock(),
      onSwitched: (owner, error) => switched.push([owner, error?.message]),
    });
    const added = group.add(real);
    device = added instanceof FocusedDevice ? added : expect.fail('a keyboard is of the group');
    await device.open();
    await done({ type: 'setConfiguration', configurationValue: 1 });
    await done(REPORT_DESCRIPTOR);
    await done(SET_IDLE);
  });

  afterEach(() => device.close());

  const done = (operation: UsbOperation) => new Promise<UsbResult>((resolve) => device.submit(operation, resolve));

  /** Reads as a host does: again, whenever a report has come. */
  function poll(): void {
    device.submit(READ, ({ status, data }) => {
      reports.push(status === 'completed' ? Buffer.from(data).toString('hex') : status);
      if (status === 'completed') poll();
    });
  }

  it('gives the keyboard to this machine, and the other end sees an idle one', async () => {
    poll();
    await group.switchTo('local');
    expect(device.state).to.equal('local');
    expect(real.log.at(-1)).to.equal('given back');
    expect(switched).to.deep.equal([['local', undefined]]);
    expect(reports).to.deep.equal([]);
    const before = real.log.length;
    const descriptor = await done(REPORT_DESCRIPTOR);
    expect(descriptor.status).to.equal('completed');
    expect(descriptor.data.byteLength).to.be.above(40);
    expect((await done(setLeds(2))).status).to.equal('completed');
    expect((await done(control(0xa1, 1, 0x0100, 8))).status).to.equal('stalled');
    expect((await done(control(0x80, 0, 0, 2))).data).to.deep.equal(new Uint8Array(2));
    expect((await done({ type: 'clearHalt', endpointAddress: 0x81 })).status).to.equal('completed');
    expect(real.log).to.have.length(before);
  });

  it('is known to an end that asks only then', async () => {
    await device.close();
    await device.open();
    await group.switchTo('local');
    const descriptor = (type: number, index: number, length: number) =>
      done({ ...control(0x80, 6, (type << 8) | index, length) });
    expect((await descriptor(1, 0, 8)).data).to.deep.equal(real.deviceDescriptor.subarray(0, 8));
    expect((await descriptor(1, 0, 18)).data).to.deep.equal(real.deviceDescriptor);
    expect((await descriptor(2, 0, 9)).data).to.deep.equal(real.configurationDescriptors[0]?.subarray(0, 9));
    expect((await descriptor(2, 0, 255)).data).to.deep.equal(real.configurationDescriptors[0]);
    expect((await done(REPORT_DESCRIPTOR)).data.byteLength).to.be.above(40);
  });

  it('gives it back as the other end left it, without an enumeration', async () => {
    poll();
    await done(setLeds(1));
    await group.switchTo('local');
    await done(setLeds(2));
    real.log.length = 0;
    await group.switchTo('remote');
    expect(real.log).to.deep.equal(['claimed', 'setConfiguration', 'request 10', 'request 9', 'transferIn']);
    expect(real.keyboard.leds).to.equal(2);
    real.keyboard.press(KEY_A);
    expect(reports).to.deep.equal(['0000040000000000']);
  });

  it('asks the device for nothing while somebody waits for it: all is asked when it is opened', async () => {
    poll();
    real.log.length = 0;
    await group.switchTo('local');
    expect(real.log).to.deep.equal(['given back']);
  });

  it('is given back after the questions where it is closed in the midst of them', async () => {
    const other = new SharedKeyboard();
    const added = group.add(other);
    const fresh = added instanceof FocusedDevice ? added : expect.fail('a keyboard is of the group');
    const opened = fresh.open();
    while (fresh.state !== 'remote') await Promise.resolve();
    const asked = other.log.length;
    await fresh.close();
    await opened;
    expect(other.log.length, 'the questions had not ended').to.be.above(asked + 1);
    expect(other.log.at(-1)).to.equal('given back');
    expect(fresh.state).to.equal('closed');
  });

  it('is given back where it is closed while it is being opened, and where that fails', async () => {
    await device.close();
    real.log.length = 0;
    const opening = device.open();
    await Promise.all([device.close(), opening]);
    expect(device.state).to.equal('closed');
    expect(real.log[0]).to.equal('claimed');
    expect(real.log.at(-1)).to.equal('given back');
    real.problem = new Error('somebody else has it');
    const failing = device.open().catch((error: unknown) => error);
    await device.close();
    expect(await failing).to.equal(real.problem);
    expect(device.state).to.equal('closed');
  });

  it('takes no time of its own: a switch ends in the turns in which the device does', async () => {
    poll();
    // No clock is asked: nothing here waits for anything but the device.
    await group.switchTo('local');
    await group.switchTo('remote');
    expect(device.state).to.equal('remote');
  });

  it('releases a key that is down at the other end', async () => {
    poll();
    real.keyboard.press(KEY_A);
    await group.switchTo('local');
    expect(reports).to.deep.equal(['0000040000000000', UP]);
    await group.switchTo('remote');
    expect(reports).to.have.length(2);
  });

  it('releases it with the next read, where the other end does not read just then', async () => {
    real.keyboard.press(KEY_A);
    await done(READ);
    await group.switchTo('local');
    poll();
    expect(reports).to.deep.equal([UP]);
  });

  it('releases nothing that was released', async () => {
    poll();
    real.keyboard.press(KEY_A);
    real.keyboard.release();
    await group.switchTo('local');
    expect(reports).to.deep.equal(['0000040000000000', UP]);
  });

  it('tells the other end nothing of what is typed here', async () => {
    poll();
    await group.switchTo('local');
    expect(reports).to.deep.equal([]);
    await group.switchTo('remote');
    expect(reports).to.deep.equal([]);
  });

  it('goes back by the keys, of which the last is for nobody', async () => {
    poll();
    real.keyboard.press(KEY_A, RIGHT_CTRL_ALT);
    real.keyboard.press(KEY_F12, RIGHT_CTRL_ALT);
    await group.switchTo('local');
    expect(reports).to.deep.equal(['5000040000000000', UP]);
    expect(device.state).to.equal('local');
    expect(switched[0]).to.deep.equal(['local', undefined]);
  });

  it('knows the keys among others, and no others', () => {
    expect(isChord(Uint8Array.of(0x50, 0, 4, 5, 0x45, 0, 0, 0))).to.equal(true);
    expect(isChord(Uint8Array.of(0x51, 0, 0x45, 0, 0, 0, 0, 0))).to.equal(true);
    expect(isChord(Uint8Array.of(0x40, 0, 0x45, 0, 0, 0, 0, 0))).to.equal(false);
    expect(isChord(Uint8Array.of(0x50, 0x45, 0, 0, 0, 0, 0, 0))).to.equal(false);
    expect(isChord(Uint8Array.of(0x50, 0, 0x45, 0))).to.equal(false);
  });

  it('ends a read that the other end takes back, while the keyboard is here', async () => {
    const transfer = device.submit(READ, ({ status }) => reports.push(status));
    await group.switchTo('local');
    transfer.cancel();
    transfer.cancel();
    expect(reports).to.deep.equal(['cancelled']);
    poll();
    await done({ type: 'abortEndpoint', endpointAddress: 0x81 });
    expect(reports).to.deep.equal(['cancelled', 'cancelled']);
  });

  it('ends all that waits when the session ends, and this machine has the keyboard', async () => {
    poll();
    await group.switchTo('local');
    await device.close();
    expect(reports).to.deep.equal(['cancelled']);
    expect(device.state).to.equal('closed');
    await device.open();
    poll();
    await device.close();
    expect(reports).to.deep.equal(['cancelled', 'cancelled']);
    expect(real.log.at(-1)).to.equal('given back');
  });

  it('leaves nothing claimed when the session ends within a switch', async () => {
    await group.switchTo('local');
    const entering = group.switchTo('remote');
    await device.close();
    await entering;
    expect(device.state).to.equal('closed');
    expect(real.log.at(-1)).to.equal('given back');
  });

  it('carries out in order what is asked within a switch', async () => {
    poll();
    const switching = group.switchTo('local');
    await Promise.resolve();
    await Promise.resolve();
    const leds = done(setLeds(4));
    await switching;
    expect((await leds).status).to.equal('completed');
    await group.switchTo('remote');
    expect(real.keyboard.leds).to.equal(4);
  });

  it('stays here where it cannot be claimed, and says so', async () => {
    await group.switchTo('local');
    real.problem = new Error('another program has it');
    const error = await group.switchTo('remote').catch(String);
    expect(error).to.equal('Error: another program has it');
    expect(device.state).to.equal('local');
    expect(switched.at(-1)).to.deep.equal(['local', 'another program has it']);
    expect(group.owner).to.equal('local');
    real.problem = undefined;
    await group.switchTo('remote');
    expect(device.state).to.equal('remote');
  });

  it('is about HID devices alone', () => {
    const stick = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512)) });
    expect(group.add(stick)).to.equal(stick);
  });

  it('remembers a bounded number of answers and settings', async () => {
    for (let number = 0; number < 1000; number += 1) await done(control(0x21, 9, 0x0200 + number, 1, [0]));
    await group.switchTo('local');
    real.log.length = 0;
    await group.switchTo('remote');
    expect(real.log.length).to.be.below(40);
  });

  it('does nothing for a state that does not know an input', async () => {
    await device.enter();
    expect(device.state).to.equal('remote');
    await group.switchTo('local');
    const count = real.log.length;
    await group.switchTo('local');
    expect(real.log).to.have.length(count);
    expect(Object.keys(FOCUS_TRANSITIONS)).to.have.members(['closed', 'remote', 'leaving', 'local', 'entering']);
  });
});
