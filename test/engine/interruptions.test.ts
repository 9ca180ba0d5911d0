import { expect } from 'chai';
import { RedirectionClient } from '../../src/engine/client.ts';
import { HeldClock } from '../../src/engine/heldClock.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { Network } from '../transports/resume/network.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, RecordingHost } from './stack.ts';

const READ: UsbOperation = { type: 'transferIn', endpointAddress: 0x81, length: 64 };
const written = (byte: number): UsbOperation => ({
  type: 'transferOut',
  endpointAddress: 0x02,
  data: new Uint8Array(64).fill(byte),
});

/** A client and a server whose connections can be cut. */
async function scene(hold = 25) {
  const clock = new VirtualClock();
  const network = new Network(clock, { hold });
  const told: string[] = [];
  const tells = (who: string) => ({
    clock,
    onInterrupted: () => told.push(`${who} interrupted`),
    onResumed: () => told.push(`${who} resumed`),
  });
  const client = new RedirectionClient(network.dial(), tells('client'));
  await network.pass(10);
  const host = new RecordingHost();
  const timers = { transferWatchdog: 4000, controlWatchdog: 4000, cancelGrace: 1000 };
  const server = host.watch(new RedirectionServer(network.accepted[0]!, { ...tells('server'), timers }));
  const device = new EchoDevice();
  const redirecting = client.attach(device);
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
  return { clock, network, told, client, server, host, pass, ends, submit };
}

describe('an engine whose connection is cut', () => {
  it('goes on after 20 s: no watchdog ends what waits, and each operation ends once', async () => {
    const { network, told, client, server, pass, ends, submit } = await scene();
    submit(READ);
    await pass(20);
    network.isDown = true;
    network.cut();
    await pass(1000);
    submit(written(7));
    await pass(19_000, 50);
    expect(ends).to.deep.equal([]);
    network.isDown = false;
    await pass(3000, 20);
    expect(ends.map(({ status }) => status)).to.deep.equal(['completed', 'completed']);
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
    const { network, client, server, host, pass, ends, submit } = await scene(5);
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
