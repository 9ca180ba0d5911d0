import { expect } from 'chai';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { STEADY_TIME, ActiveWindow } from '../../src/focus/activeWindow.ts';
import { FocusedDevice } from '../../src/focus/focusedDevice.ts';
import { FocusGroup, type FocusOwner, KEYS_UP_TIME } from '../../src/focus/focusGroup.ts';
import { type LocalKey, LocalKeys } from '../../src/focus/localKeys.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const [RIGHT_CTRL, RIGHT_ALT, F12, KEY_A] = [97, 100, 88, 30];
const CHORD = [RIGHT_CTRL, RIGHT_ALT, F12];

/** A keyboard of this machine, which says whose it is. */
class OwnKeyboard extends WrappedDevice {
  isOpen = false;
  /** Thrown by `open` and `close`, when set. */
  problem: Error | undefined;
  readonly unplugged = new AbortController();

  constructor() {
    super(new HidKeyboard());
  }

  override get gone(): AbortSignal {
    return this.unplugged.signal;
  }

  override async open(): Promise<void> {
    if (this.problem !== undefined) throw this.problem;
    await super.open();
    this.isOpen = true;
  }

  override async close(): Promise<void> {
    if (this.problem !== undefined) throw this.problem;
    await super.close();
    this.isOpen = false;
  }
}

describe('a focus group', () => {
  let clock: VirtualClock;
  let group: FocusGroup;
  let switched: [FocusOwner, string | undefined][];
  let keyboards: OwnKeyboard[];
  let devices: FocusedDevice[];
  /** Presses or releases a key of a keyboard that is watched. */
  let watched: Map<UsbDevice, (key: LocalKey) => void>;

  beforeEach(async () => {
    clock = new VirtualClock();
    switched = [];
    watched = new Map();
    group = new FocusGroup({
      clock,
      onSwitched: (owner, error) => switched.push([owner, error?.message]),
      watchKeys: (device, onKey) => {
        watched.set(device, onKey);
        return () => watched.delete(device);
      },
    });
    keyboards = [new OwnKeyboard(), new OwnKeyboard()];
    devices = keyboards.map(add);
    for (const device of devices) await device.open();
  });

  function add(keyboard: UsbDevice): FocusedDevice {
    const device = group.add(keyboard);
    return device instanceof FocusedDevice ? device : expect.fail('a keyboard is of the group');
  }

  /** Keys of the first keyboard, or another one. */
  function keys(codes: readonly number[], isDown: boolean, index = 0): void {
    const device = devices[index] ?? expect.fail('no such keyboard');
    const press = watched.get(device) ?? expect.fail('its keys are not followed');
    for (const code of codes) press({ code, isDown });
  }

  const isOpen = () => keyboards.map((each) => each.isOpen);
  const states = () => devices.map(({ state }) => state);
  /** Lets everything happen that waits for nobody. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('gives all keyboards to this machine within no virtual time at all, of the 200 ms that there are', async () => {
    const begin = clock.now();
    await group.switchTo('local');
    expect(isOpen()).to.deep.equal([false, false]);
    expect(clock.now() - begin).to.equal(0);
    expect(clock.pending).to.equal(0);
    await group.switchTo('remote');
    expect(isOpen()).to.deep.equal([true, true]);
    expect(clock.now() - begin).to.equal(0);
  });

  it('follows the keys of those that this machine has, and of no others', async () => {
    expect(watched.size).to.equal(0);
    await group.switchTo('local');
    expect([...watched.keys()]).to.deep.equal(devices);
    await group.switchTo('remote');
    expect(watched.size).to.equal(0);
    await group.switchTo('local');
    keyboards[0]?.unplugged.abort();
    expect([...watched.keys()]).to.deep.equal([devices[1]]);
  });

  it('waits with the switch to the other end until the keys here are up', async () => {
    await group.switchTo('local');
    keys([KEY_A], true, 1);
    const entering = group.switchTo('remote');
    await settle();
    expect(isOpen()).to.deep.equal([false, false]);
    keys([KEY_A], false, 1);
    await entering;
    expect(isOpen()).to.deep.equal([true, true]);
    expect(clock.now()).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it('waits for a key that is held no longer than 300 ms', async () => {
    await group.switchTo('local');
    keys([KEY_A], true);
    const entering = group.switchTo('remote');
    await clock.whenPending();
    clock.advance(KEYS_UP_TIME - 1);
    await settle();
    expect(states()).to.deep.equal(['local', 'local']);
    clock.advance(1);
    await entering;
    expect(states()).to.deep.equal(['remote', 'remote']);
    await group.switchTo('local');
    await group.switchTo('remote');
    expect(clock.pending, 'the keys of before are forgotten').to.equal(0);
  });

  it('goes to the other end by the keys here, when they are up again', async () => {
    await group.switchTo('local');
    keys(CHORD, true);
    keys([F12, RIGHT_CTRL], false);
    await settle();
    expect(group.owner).to.equal('local');
    keys([RIGHT_ALT], false);
    await settle();
    expect(group.owner).to.equal('remote');
    expect(isOpen()).to.deep.equal([true, true]);
  });

  it('takes keys of two keyboards, or in turns, for no chord', async () => {
    await group.switchTo('local');
    keys([RIGHT_CTRL, RIGHT_ALT], true);
    keys([F12], true, 1);
    keys([F12], false, 1);
    keys([RIGHT_CTRL], false);
    keys([F12], true);
    keys([RIGHT_ALT, F12], false);
    await settle();
    expect(group.owner).to.equal('local');
  });

  it('keeps all of them here when one cannot be had, and says whose they are', async () => {
    await group.switchTo('local');
    const second = keyboards[1] ?? expect.fail('there are two');
    second.problem = new Error('another program has it');
    expect(await group.switchTo('remote').catch(String)).to.equal('Error: another program has it');
    expect(group.owner).to.equal('local');
    expect(isOpen()).to.deep.equal([false, false]);
    expect(switched.at(-1)).to.deep.equal(['local', 'another program has it']);
    second.problem = undefined;
    await group.switchTo('remote');
    expect(group.owner).to.equal('remote');
    expect(isOpen()).to.deep.equal([true, true]);
  });

  it('counts one as here that does not close, and tells the error', async () => {
    const first = keyboards[0] ?? expect.fail('there are two');
    first.problem = new Error('the kernel keeps it');
    expect(await group.switchTo('local').catch(String)).to.equal('Error: the kernel keeps it');
    expect(group.owner).to.equal('local');
    expect(states()).to.deep.equal(['local', 'local']);
    first.problem = undefined;
  });

  it('is this machine’s when the session ends, and stays so in the next one until somebody wants it otherwise', async () => {
    for (const device of devices) await device.close();
    expect(group.owner).to.equal('local');
    expect(switched).to.deep.equal([['local', undefined]]);
    for (const device of devices) await device.open();
    expect(states()).to.deep.equal(['local', 'local']);
    expect(isOpen()).to.deep.equal([false, false]);
    const configuration = await new Promise<UsbResult>((resolve) => {
      const operation: UsbOperation = { type: 'setConfiguration', configurationValue: 1 };
      devices[0]?.submit(operation, resolve);
    });
    expect(configuration.status).to.equal('completed');
    await group.switchTo('remote');
    expect(isOpen()).to.deep.equal([true, true]);
  });

  it('has one that is plugged in meanwhile where the others are', async () => {
    await group.switchTo('local');
    const keyboard = new OwnKeyboard();
    const late = add(keyboard);
    await late.open();
    expect(late.state).to.equal('local');
    expect(keyboard.isOpen).to.equal(false);
  });
});

describe('keys that are down here', () => {
  it('are up when those of all devices are, also of one that leaves', () => {
    const keys = new LocalKeys();
    const [one, other] = [{}, {}];
    let up = 0;
    keys.note(one, { code: KEY_A, isDown: true });
    keys.note(other, { code: KEY_A, isDown: true });
    keys.whenUp(() => (up += 1));
    const stop = keys.whenUp(() => expect.fail('it was stopped'));
    stop();
    keys.note(one, { code: KEY_A, isDown: false });
    expect([keys.areUp, up]).to.deep.equal([false, 0]);
    keys.forget(other);
    expect([keys.areUp, up]).to.deep.equal([true, 1]);
  });
});

describe('the active window', () => {
  let clock: VirtualClock;
  let told: boolean[];
  let window: ActiveWindow;

  beforeEach(() => {
    clock = new VirtualClock();
    told = [];
    window = new ActiveWindow(clock, (isActive) => told.push(isActive));
  });

  it('is followed when it has been steady for 150 ms', () => {
    window.note(true);
    clock.advance(STEADY_TIME - 1);
    expect(told).to.deep.equal([]);
    clock.advance(1);
    window.note(false);
    clock.advance(STEADY_TIME);
    expect(told).to.deep.equal([true, false]);
  });

  it('changes nothing when another one only passes by, or nothing is new', () => {
    window.note(true);
    clock.advance(STEADY_TIME);
    window.note(false);
    clock.advance(STEADY_TIME - 1);
    window.note(true);
    window.note(true);
    clock.advance(10 * STEADY_TIME);
    expect(told).to.deep.equal([true]);
    expect(clock.pending).to.equal(0);
  });

  it('is followed no more after the end', () => {
    window.note(true);
    window.close();
    clock.advance(STEADY_TIME);
    expect(told).to.deep.equal([]);
  });
});
