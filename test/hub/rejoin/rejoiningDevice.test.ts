import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { CommandBlockWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { Medium } from '../../../src/hub/rejoin/medium.ts';
import { REJOIN_TRANSITIONS, RejoiningDevice } from '../../../src/hub/rejoin/rejoiningDevice.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { DeviceError } from '../../../src/usb/deviceError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { turns } from '../../engine/stack.ts';
import { LinkedDevice, openStorage, run } from './rejoinFakes.ts';

const TIME = 25_000;
const KEYS_IN = 0x81;
const [BULK_IN, BULK_OUT] = [0x81, 0x02];
const SET_CONFIGURATION: UsbOperation = { type: 'setConfiguration', configurationValue: 1 };
const REPORT: UsbOperation = { type: 'transferIn', endpointAddress: KEYS_IN, length: 8 };

function setReport(leds: number): UsbOperation {
  const setup = { bmRequestType: 0x21, bRequest: 0x09, wValue: 0x0200, wIndex: 0, wLength: 1 };
  return { type: 'control', setup, data: Uint8Array.of(leds), timeout: 0 };
}

describe('a device whose client may come back', () => {
  const clock = new VirtualClock();
  const settings = { clock, time: TIME, openStorage };
  let keyboard: HidKeyboard;
  let first: LinkedDevice;
  let device: RejoiningDevice;
  let results: string[];

  const submit = (name: string, operation: UsbOperation) =>
    device.submit(operation, ({ status }: UsbResult) => results.push(`${name} ${status}`));

  beforeEach(async () => {
    results = [];
    keyboard = new HidKeyboard();
    first = new LinkedDevice(keyboard);
    device = new RejoiningDevice(first, settings, undefined);
    await device.open();
    await run(device, SET_CONFIGURATION);
  });

  afterEach(() => {
    device.giveUp('the test is over');
    expect(clock.pending, 'timers that are left').to.equal(0);
  });

  it('each state has its moves, and gone has none', () => {
    expect(Object.keys(REJOIN_TRANSITIONS)).to.deep.equal(['present', 'away', 'checking', 'gone']);
    expect(REJOIN_TRANSITIONS.gone).to.deep.equal({});
  });

  describe('while the client is away', () => {
    beforeEach(() => {
      submit('report', REPORT);
      first.lose();
    });

    it('is not gone, and what was under way has not ended', () => {
      expect(device.state).to.equal('away');
      expect(device.gone.aborted).to.equal(false);
      expect(results).to.deep.equal([]);
    });

    it('requests wait, and can be cancelled, those from before too', () => {
      const waiting = submit('lamps', setReport(1));
      const other = submit('other lamps', setReport(2));
      waiting.cancel();
      waiting.cancel();
      expect(results).to.deep.equal(['lamps cancelled']);
      submit('abort', { type: 'abortEndpoint', endpointAddress: KEYS_IN });
      expect(results).to.deep.equal(['lamps cancelled', 'report cancelled', 'abort completed']);
      other.cancel();
      expect(results.at(-1)).to.equal('other lamps cancelled');
    });

    it('64 requests wait at most, and 1 MiB; the next fails', () => {
      for (let count = 0; count < 64; count += 1) submit('read', REPORT);
      expect(results).to.deep.equal([]);
      submit('one more', REPORT);
      expect(results).to.deep.equal(['one more failed']);
    });

    it('of 1 MiB, too', () => {
      const data = new Uint8Array(512 * 1024);
      for (const name of ['one', 'two']) submit(name, { type: 'transferOut', endpointAddress: 2, data });
      expect(results).to.deep.equal([]);
      submit('three', { type: 'transferOut', endpointAddress: 2, data: Uint8Array.of(1) });
      expect(results).to.deep.equal(['three failed']);
    });

    it('about the bus nobody can be asked', () => {
      submit('frame', { type: 'queryBus', query: 'frameNumber' });
      expect(results).to.deep.equal(['frame notSupported']);
    });

    it('is gone after the time, and everything ends once, in order', () => {
      submit('lamps', setReport(1));
      clock.advance(TIME - 1);
      expect(device.gone.aborted).to.equal(false);
      clock.advance(1);
      expect(device.gone.aborted).to.equal(true);
      expect(device.gone.reason).to.be.instanceOf(DeviceError);
      expect(String(device.gone.reason)).to.match(/its client did not come back within 25 s/);
      expect(results).to.deep.equal(['report disconnected', 'lamps disconnected']);
      submit('late', REPORT);
      expect(results.at(-1)).to.equal('late disconnected');
    });

    it('cannot be opened: nobody is there', async () => {
      await device.close();
      expect(results).to.deep.equal(['report cancelled']);
      await device.open().then(
        () => expect.fail('it opened'),
        (error: unknown) => expect(error).to.have.property('code', 'DEVICE_GONE'),
      );
    });

    it('a device that comes after the time is another one', async () => {
      clock.advance(TIME);
      expect(await device.rejoin(new LinkedDevice(new HidKeyboard()))).to.equal('it is not waited for');
    });
  });

  it('an unplug is an unplug: it is gone at once', () => {
    submit('report', REPORT);
    first.unplug();
    expect(device.state).to.equal('gone');
    expect(results).to.deep.equal(['report disconnected']);
  });

  it('that comes back is reset, and set as the host left it: configuration, lamps', async () => {
    await run(device, setReport(5));
    first.lose();
    const next = new HidKeyboard();
    const second = new LinkedDevice(next);
    expect(await device.rejoin(second)).to.equal(undefined);
    expect(device.state).to.equal('present');
    expect(second.log).to.deep.equal(['open', 'resetDevice', 'setConfiguration', 'request 9']);
    expect(next.leds).to.equal(5);
    expect(device.current).to.equal(second);
  });

  it('reports that were waited for come from the device that is back, other requests have failed', async () => {
    first.answer = ({ type }) => (type === 'control' ? 'never' : undefined);
    submit('report', REPORT);
    submit('lamps', setReport(1));
    first.lose();
    submit('later lamps', setReport(2));
    const next = new HidKeyboard();
    await device.rejoin(new LinkedDevice(next));
    await turns();
    expect(results).to.deep.equal(['lamps failed', 'later lamps completed']);
    next.press(4);
    await turns();
    expect(results.at(-1)).to.equal('report completed');
    expect(next.leds).to.equal(2);
  });

  it('what does no harm twice is done again: a selection that was under way', async () => {
    first.answer = () => 'never';
    submit('selection', SET_CONFIGURATION);
    first.lose();
    await device.rejoin(new LinkedDevice(new HidKeyboard()));
    await turns();
    expect(results).to.deep.equal(['selection completed']);
  });

  it('may be lost and come back again and again, each time with the whole time', async () => {
    let current = first;
    for (let round = 0; round < 3; round += 1) {
      current.lose();
      clock.advance(TIME - 1);
      current = new LinkedDevice(new HidKeyboard());
      expect(await device.rejoin(current)).to.equal(undefined);
    }
    clock.advance(TIME);
    expect(device.state).to.equal('present');
  });

  it('lost again while it is looked at, it waits on, and no longer than before', async () => {
    first.lose();
    clock.advance(TIME - 2);
    const second = new LinkedDevice(new HidKeyboard());
    second.answer = () => 'never';
    const joined = device.rejoin(second);
    await turns();
    expect(device.state).to.equal('checking');
    second.lose();
    expect(await joined).to.equal('its connection was lost again');
    expect(device.state).to.equal('away');
    clock.advance(2);
    expect(device.state).to.equal('gone');
  });

  it('one that does not answer when it is looked at does not hold it longer than the time', async () => {
    submit('report', REPORT);
    first.lose();
    const second = new LinkedDevice(new HidKeyboard());
    second.answer = () => 'never';
    const joined = device.rejoin(second);
    await turns();
    clock.advance(TIME);
    expect(results).to.deep.equal(['report disconnected']);
    expect(await joined).to.be.a('string');
    expect(second.log.at(-1)).to.equal('close');
  });

  for (const [what, type, status] of [
    ['did not come back from its reset', 'resetDevice', 'disconnected'],
    ['does not take its configuration', 'setConfiguration', 'stalled'],
  ] as const) {
    it(`one that ${what} is another one: the host sees an unplug, and it is closed`, async () => {
      submit('report', REPORT);
      first.lose();
      const second = new LinkedDevice(new HidKeyboard());
      second.answer = (operation) => (operation.type === type ? status : undefined);
      expect(await device.rejoin(second)).to.match(new RegExp(`^it ${what}`));
      expect(device.state).to.equal('gone');
      expect(results).to.deep.equal(['report disconnected']);
      expect(second.log.at(-1)).to.equal('close');
    });
  }

  it('one that cannot be opened is another one', async () => {
    first.lose();
    const second = new LinkedDevice(new HidKeyboard());
    second.open = () => Promise.reject(new Error('somebody has it'));
    expect(await device.rejoin(second)).to.equal('somebody has it');
    expect(device.state).to.equal('gone');
  });

  it('closed by its host while it is looked at, it joins, and is closed', async () => {
    first.lose();
    const second = new LinkedDevice(new HidKeyboard());
    const joined = device.rejoin(second);
    await device.close();
    expect(await joined).to.equal(undefined);
    await turns();
    expect(second.log.at(-1)).to.equal('close');
    await device.open();
    expect((await run(device, SET_CONFIGURATION)).status).to.equal('completed');
  });
});

describe('a stick whose client may come back', () => {
  const clock = new VirtualClock();
  const settings = { clock, time: TIME, openStorage };
  const bytes = () => new Uint8Array(64 * 512).map((_, index) => index >> 9);
  let first: LinkedDevice;
  let device: RejoiningDevice;
  let results: string[];

  const stick = (blocks = bytes()) => new LinkedDevice(new MassStorageStick({ blocks: new MemoryBlocks(blocks) }));
  const submit = (name: string, operation: UsbOperation) =>
    device.submit(operation, ({ status }: UsbResult) => results.push(`${name} ${status}`));
  const out = (data: Uint8Array): UsbOperation => ({ type: 'transferOut', endpointAddress: BULK_OUT, data });
  const read: UsbOperation = { type: 'transferIn', endpointAddress: BULK_IN, length: 512 };

  function command(tag: number, ...block: number[]): Uint8Array {
    const CBWCB = Uint8Array.from([...block, ...new Array<number>(16 - block.length).fill(0)]);
    const fields = { dCBWTag: tag, dCBWDataTransferLength: 512, bmCBWFlags: 0x80, bCBWLUN: 0, bCBWCBLength: 10, CBWCB };
    return joinParts(CommandBlockWrapper.encode({ name: 'CBW', ...fields }));
  }
  const READ_FIRST = [0x28, 0, 0, 0, 0, 0, 0, 0, 1];

  beforeEach(async () => {
    results = [];
    first = stick();
    const storage = await openStorage(first);
    const medium = await Medium.read(storage);
    await storage.close();
    device = new RejoiningDevice(first, settings, medium);
    await device.open();
    await run(device, SET_CONFIGURATION);
  });
  afterEach(() => {
    device.giveUp('the test is over');
    expect(clock.pending).to.equal(0);
  });

  it('between two commands: the next one is done by the stick that is back', async () => {
    first.lose();
    submit('command', out(command(1, ...READ_FIRST)));
    expect(await device.rejoin(stick())).to.equal(undefined);
    await turns();
    expect(results).to.deep.equal(['command completed']);
    expect((await run(device, read)).data.byteLength).to.equal(512);
  });

  it('in the midst of a command: what is left of that fails, so that the stick never takes data for a command', async () => {
    submit('command', out(command(1, ...READ_FIRST)));
    await turns();
    expect(results).to.deep.equal(['command completed']);
    first.answer = () => 'never';
    submit('data', read);
    first.lose();
    submit('status', read);
    const second = stick();
    expect(await device.rejoin(second)).to.equal(undefined);
    await turns();
    expect(results.slice(1)).to.deep.equal(['data failed', 'status failed']);
    submit('next command', out(command(2, ...READ_FIRST)));
    await turns();
    expect(results.at(-1)).to.equal('next command completed');
  });

  it('with another medium it is another one, and was not reset nor set up', async () => {
    first.lose();
    const changed = bytes();
    changed[0] = 0xee;
    const second = stick(changed);
    expect(await device.rejoin(second)).to.equal('sector 0 of its medium has changed');
    expect(device.gone.aborted).to.equal(true);
    expect(String(device.gone.reason)).to.match(/sector 0 of its medium has changed/);
    expect(second.log).to.not.include('resetDevice');
  });

  it('without its medium it is another one', async () => {
    first.lose();
    const second = stick();
    second.answer = (operation) => (operation.type === 'transferIn' ? 'stalled' : undefined);
    expect(await device.rejoin(second)).to.be.a('string');
    expect(device.state).to.equal('gone');
  });

  it('what the host has written itself does not make it another one', async () => {
    const CBWCB = Uint8Array.from([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    const fields = { dCBWTag: 7, dCBWDataTransferLength: 512, bmCBWFlags: 0, bCBWLUN: 0, bCBWCBLength: 10, CBWCB };
    await run(device, out(joinParts(CommandBlockWrapper.encode({ name: 'CBW', ...fields }))));
    await run(device, out(new Uint8Array(512).fill(0xee)));
    await run(device, { type: 'transferIn', endpointAddress: BULK_IN, length: 13 });
    first.lose();
    const written = bytes().fill(0xee, 0, 512);
    expect(await device.rejoin(stick(written))).to.equal(undefined);
  });
});
