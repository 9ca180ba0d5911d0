import { expect } from 'chai';
import fc from 'fast-check';
import { RedirectionClient } from '../../src/engine/client.ts';
import { HeldClock } from '../../src/engine/heldClock.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { type Cut, Network } from '../transports/resume/network.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, RecordingHost } from './stack.ts';

const READ: UsbOperation = { type: 'transferIn', endpointAddress: 0x81, length: 64 };
const written = (byte: number): UsbOperation => ({
  type: 'transferOut',
  endpointAddress: 0x02,
  data: new Uint8Array(64).fill(byte),
});

type Happening =
  | { readonly type: 'write'; readonly size: number }
  | { readonly type: 'cut'; readonly told: Cut }
  | { readonly type: 'pass'; readonly time: number };

interface SceneOptions {
  /** Seconds. */
  readonly hold?: number;
  /** Milliseconds. */
  readonly hidHold?: number;
  readonly devices?: readonly UsbDevice[];
  /** Milliseconds. Default: 4000. */
  readonly watchdog?: number;
}

/** A client and a server whose connections can be cut. */
async function scene({ hold = 25, hidHold, devices = [new EchoDevice()], watchdog = 4000 }: SceneOptions = {}) {
  const clock = new VirtualClock();
  const network = new Network(clock, { hold });
  const told: string[] = [];
  const holds: number[] = [];
  const tells = (who: string) => ({
    clock,
    ...(hidHold !== undefined && { hidHold }),
    onInterrupted: (held: number) => {
      holds.push(held);
      told.push(`${who} interrupted`);
    },
    onResumed: () => told.push(`${who} resumed`),
  });
  const client = new RedirectionClient(network.dial(), tells('client'));
  await network.pass(10);
  const host = new RecordingHost();
  const timers = { transferWatchdog: watchdog, controlWatchdog: watchdog, cancelGrace: 1000 };
  const server = host.watch(new RedirectionServer(network.accepted[0]!, { ...tells('server'), timers }));
  const redirecting = Promise.all(devices.map((device) => client.attach(device)));
  /** Time and turns: devices of tests answer in turns of the event loop. */
  const pass = async (milliseconds: number, step = 5) => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await network.pass(step, step);
      await new Promise(setImmediate);
    }
  };
  await pass(1000);
  await redirecting;
  const redirected = await host.added();
  const configured = configure(redirected);
  await pass(50);
  await configured;
  const ends: UsbResult[] = [];
  const submit = (operation: UsbOperation) => redirected.submit(operation, (result) => ends.push(result));
  return { clock, network, told, holds, client, server, host, pass, ends, submit };
}

describe('an engine whose connection is cut', () => {
  it('goes on after 20 s: no watchdog ends what waits, and each operation ends once', async () => {
    const { network, told, client, server, pass, ends, submit } = await scene();
    submit(READ);
    // The watchdog of controls is another one. This request is on its way when the cut comes.
    const status = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
    await pass(20);
    network.isDown = true;
    network.cut();
    submit({ type: 'control', setup: status, data: new Uint8Array(0), timeout: 1000 });
    await pass(1000);
    submit(written(7));
    await pass(19_000, 50);
    expect(ends).to.deep.equal([]);
    network.isDown = false;
    await pass(3000, 20);
    expect(ends.map(({ status }) => status)).to.deep.equal(['stalled', 'completed', 'completed']);
    expect(ends.find(({ data }) => data.byteLength > 0)?.data[0]).to.equal(7);
    expect([...told].sort()).to.deep.equal([
      'client interrupted',
      'client resumed',
      'server interrupted',
      'server resumed',
    ]);
    await Promise.all([client.close(), server.close(), pass(5000, 50)]);
  });

  it('ends each operation once when the hold is over, and gives the device back', async () => {
    const { network, client, server, host, pass, ends, submit } = await scene({ hold: 5 });
    submit(READ);
    submit(READ);
    await pass(20);
    network.isDown = true;
    network.cut();
    await pass(6000, 50);
    expect(ends.map(({ status }) => status)).to.deep.equal(['disconnected', 'disconnected']);
    await host.gone();
    for (const { closed } of [client, server]) expect((await closed)?.message).to.include('within 5 s');
    await pass(5000, 50);
    expect(network.clock.pending, 'timers that are left').to.equal(0);
  });
});

describe('operations over a connection that is cut again and again', () => {
  it('are done once each and in order, and their bytes are the same', async () => {
    const happening = fc.oneof<fc.WeightedArbitrary<Happening>[]>(
      { weight: 4, arbitrary: fc.record({ type: fc.constant('write'), size: fc.integer({ min: 1, max: 40_000 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          type: fc.constant('cut'),
          told: fc.constantFrom<Cut>('both', 'dialer', 'listener', 'nobody'),
        }),
      },
      { weight: 5, arbitrary: fc.record({ type: fc.constant('pass'), time: fc.integer({ min: 1, max: 40 }) }) },
    );
    const story = fc.array(happening, { minLength: 10, maxLength: 30 });
    let resumes = 0;
    await fc.assert(
      fc.asyncProperty(story, async (happenings) => {
        const device = new EchoDevice();
        // A cut that nobody learns of is noticed after 10 s.
        const { network, told, client, server, pass, ends, submit } = await scene({
          devices: [device],
          watchdog: 60_000,
        });
        const begun = device.operations.length;
        const payloads: Uint8Array[] = [];
        for (const each of happenings) {
          if (each.type === 'cut') network.cut(each.told);
          else if (each.type === 'pass') await pass(each.time, 2);
          else {
            const data = Uint8Array.from({ length: each.size }, (_, index) => (index * 7 + payloads.length) & 0xff);
            payloads.push(data);
            submit({ type: 'transferOut', endpointAddress: 0x02, data });
            submit({ type: 'transferIn', endpointAddress: 0x81, length: 40_000 });
          }
        }
        await pass(25_000, 100);
        const done = device.operations.slice(begun);
        const written = done.flatMap((operation) => (operation.type === 'transferOut' ? [operation.data] : []));
        expect(written.map((data) => Buffer.from(data).toString('base64'))).to.deep.equal(
          payloads.map((data) => Buffer.from(data).toString('base64')),
        );
        expect(done).to.have.length(2 * payloads.length);
        expect(ends).to.have.length(2 * payloads.length);
        expect(ends.every(({ status }) => status === 'completed')).to.equal(true);
        const read = ends.filter(({ data }) => data.byteLength > 0).map(({ data }) => Buffer.from(data));
        expect(Buffer.concat(read).equals(Buffer.concat(payloads))).to.equal(true);
        resumes += told.filter((line) => line === 'server resumed').length;
        await Promise.all([client.close(), server.close(), pass(5000, 100)]);
      }),
      { numRuns: 12 },
    );
    expect(resumes).to.be.greaterThan(5);
  });
});

describe('how long an engine wants a connection that is cut to be held', () => {
  /** Whether both ends have ended so many milliseconds after a cut for good. */
  async function cutForGood(options: SceneOptions, milliseconds: number) {
    const { network, client, server, holds, pass } = await scene(options);
    network.isDown = true;
    network.cut();
    let over = 0;
    for (const { closed } of [client, server]) void closed.then(() => (over += 1));
    await pass(milliseconds, 50);
    const early = over;
    await pass(600, 50);
    return { early, over, holds };
  }

  it('is 3 s where all devices are HID, at both ends', async () => {
    const keyboards = [new HidKeyboard(), new HidKeyboard()];
    expect(await cutForGood({ devices: keyboards }, 2700)).to.deep.equal({ early: 0, over: 2, holds: [3000, 3000] });
  });

  it('is what the program says', async () => {
    const devices = [new HidKeyboard()];
    const expected = { early: 0, over: 2, holds: [10_000, 10_000] };
    expect(await cutForGood({ devices, hidHold: 10_000 }, 9700)).to.deep.equal(expected);
  });

  it('is no longer than the connection is held at all', async () => {
    const { early, over } = await cutForGood({ devices: [new HidKeyboard()], hold: 2 }, 1600);
    expect([early, over]).to.deep.equal([0, 2]);
  });

  it('is the whole hold where one device is something else, and where there is none', async () => {
    for (const devices of [[new HidKeyboard(), new EchoDevice()], [new EchoDevice()]]) {
      const { early, over } = await cutForGood({ devices, hold: 6 }, 5600);
      expect([early, over]).to.deep.equal([0, 2]);
    }
  });

  it('gives reports that were typed in the meantime when it goes on in time', async () => {
    const keyboard = new HidKeyboard();
    const { network, told, pass, ends, submit } = await scene({ devices: [keyboard] });
    submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 });
    await pass(20);
    network.isDown = true;
    network.cut();
    keyboard.type('a');
    await pass(1000, 20);
    expect(ends).to.deep.equal([]);
    network.isDown = false;
    await pass(1500, 20);
    expect(ends.map(({ status, data }) => [status, data[2]])).to.deep.equal([['completed', 4]]);
    expect(told.filter((each) => each.endsWith('resumed'))).to.have.length(2);
  });
});

describe('a clock that can stand still', () => {
  it('counts only the time that it goes, and its timers with it', () => {
    const base = new VirtualClock(100);
    const clock = new HeldClock(base);
    const gone: number[] = [];
    clock.after(10, () => gone.push(clock.now()));
    const cancel = clock.after(12, () => gone.push(-1));
    base.advance(4);
    clock.stop();
    clock.after(1, () => gone.push(clock.now()));
    base.advance(1000);
    expect([clock.now(), gone]).to.deep.equal([104, []]);
    cancel();
    clock.go();
    clock.go();
    base.advance(20);
    expect(gone).to.deep.equal([105, 110]);
    expect([clock.now(), base.pending]).to.deep.equal([124, 0]);
  });
});
