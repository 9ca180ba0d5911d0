import { expect } from 'chai';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionServer } from '../../../src/engine/server.ts';
import type { Transport, TransportHandler } from '../../../src/ports/transport.ts';
import type { RedirectedDevice, UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { PageSession } from '../../../src/web/model/pageSession.ts';
import { memoryPair } from '../../../transports/memory.ts';
import { TransportError } from '../../../transports/transportError.ts';

/** A page's session, and servers that it reaches one after the other. */
class Bench {
  readonly devices: RedirectedDevice[] = [];
  readonly #until: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];
  server: RedirectionServer | undefined;
  readonly session = new PageSession({
    clock: systemClock,
    changed: () => this.#check(),
    dial: (token) => {
      if (token !== 'good') return Promise.reject(new TransportError('WRONG_TOKEN', 'the token is not a JWT'));
      const [clientEnd, serverEnd] = memoryPair();
      this.server = new RedirectionServer(serverEnd);
      this.server.watch((device) => {
        this.devices.push(device);
        this.#check();
      });
      return Promise.resolve(clientEnd);
    },
  });

  get sentences(): string[] {
    return this.session.log.entries.map(({ about, sentence }) => `${about ?? ''}: ${sentence}`);
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#until.push({ condition, resolve });
      this.#check();
    });
  }

  #check(): void {
    for (const { condition, resolve } of this.#until) if (condition()) resolve();
  }
}

const done = (device: RedirectedDevice, operation: UsbOperation) =>
  new Promise<UsbResult>((resolve) => device.submit(operation, resolve));
const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(8 * 512)) });

describe('the session of a page', () => {
  it('is connected when the server has said something, gives what is wanted, and tells what the server does', async () => {
    const bench = new Bench();
    const { session } = bench;
    const offer = session.add(stick(), 'image');
    expect(session.add(offer.origin, 'image')).to.equal(offer);
    await session.give(offer);
    expect(offer.state.name).to.equal('here');
    await session.connect('good');
    expect(session.state.name).to.equal('connecting');
    await bench.until(() => offer.state.name === 'given' && bench.devices.length === 1);
    expect(session.state.name).to.equal('connected');
    const [device] = bench.devices;
    if (device === undefined) return expect.fail('the server has no device');
    await device.open();
    await done(device, { type: 'setConfiguration', configurationValue: 1 });
    await done(device, { type: 'resetDevice' });
    expect(offer.state).to.deep.equal({ name: 'given', isUsed: true });
    expect(bench.sentences).to.include('Virtual Stick: The server switched on configuration 1.');
    expect(bench.sentences).to.include('Virtual Stick: The server reset the device.');
    await offer.takeBack();
    await bench.until(() => offer.state.name === 'here');
    expect(offer.state).to.deep.equal({ name: 'here', why: 'You took it back.' });
    expect(offer.isWanted).to.equal(false);
    await session.disconnect();
  });

  it('gives the devices of a connection that is over with the next one, but what was taken back', async () => {
    const bench = new Bench();
    const { session } = bench;
    const [kept, back] = [session.add(stick(), 'image'), session.add(new HidKeyboard(), 'keyboard')];
    await session.connect('good');
    await bench.until(() => session.state.name === 'connected');
    await Promise.all([session.give(kept), session.give(back)]);
    await bench.until(() => bench.devices.length === 2);
    await back.takeBack();
    await bench.server?.close();
    await bench.until(() => session.state.name === 'apart' && kept.state.name === 'here');
    await session.connect('good');
    await bench.until(() => bench.devices.length === 3);
    await bench.until(() => kept.state.name === 'given');
    expect(back.state.name).to.equal('here');
    await session.disconnect();
  });

  it('tells why there is no connection, and what became of a device that the server does not want', async () => {
    const bench = new Bench();
    const { session } = bench;
    await session.connect('bad');
    expect(session.state).to.deep.equal({ name: 'apart', problem: 'the token is not a JWT' });
    const offer = session.add(stick(), 'image');
    await session.give(offer);
    await session.connect('good');
    await bench.until(() => bench.devices.length === 1);
    const [device] = bench.devices;
    if (device !== undefined) bench.server?.refuse(device);
    await bench.until(() => offer.state.name === 'here');
    expect(bench.sentences[0]).to.equal('Virtual Stick: The server does not want this device.');
    await session.disconnect();
  });

  it('a device that is taken back while it is being opened does not stay at the server', async () => {
    const bench = new Bench();
    const { session } = bench;
    await session.connect('good');
    await bench.until(() => session.state.name === 'connected');
    const offer = session.add(stick(), 'image');
    const given = session.give(offer);
    await offer.takeBack();
    await given;
    await bench.until(() => offer.state.name === 'here');
    expect(offer.state).to.deep.equal({ name: 'here', why: 'You took it back.' });
    await session.disconnect();
  });

  it('goes on after a cut where it was: connected, or before the server has said anything', async () => {
    const [near, far] = memoryPair();
    let told: TransportHandler | undefined;
    const transport: Transport = {
      remote: near.remote,
      start: (handler) => near.start((told = handler)),
      send: (frames) => near.send(frames),
      pause: () => near.pause(),
      resume: () => near.resume(),
      close: () => near.close(),
    };
    const session = new PageSession({
      clock: systemClock,
      changed: () => {},
      dial: () => Promise.resolve(transport),
    });
    const cut = () => {
      told?.interrupted?.(24_001, new Error('wss://there: the connection was lost'));
      return session.state.name;
    };
    const goOn = () => {
      told?.resumed?.();
      return session.state.name;
    };
    await session.connect('good');
    expect([cut(), goOn()]).to.deep.equal(['interrupted', 'connecting']);
    const server = new RedirectionServer(far);
    const until = async (name: string) => {
      while (session.state.name !== name) await new Promise(setImmediate);
    };
    await until('connected');
    expect([cut(), goOn(), cut()]).to.deep.equal(['interrupted', 'connected', 'interrupted']);
    expect(session.log.entries.map(({ sentence }) => sentence)).to.include(
      'wss://there: the connection was lost. This page tries for 25 s to go on; the devices stay where they are.',
    );
    await session.disconnect();
    await until('apart');
    await server.close();
  });

  it('forgets a device that is pulled out', async () => {
    const bench = new Bench();
    const device = stick();
    const offer = bench.session.add(device, 'image');
    device.unplug();
    expect(bench.session.offers).to.deep.equal([]);
    expect(offer.state.name).to.equal('gone');
    expect(bench.sentences).to.deep.equal(['Virtual Stick: It was unplugged.']);
    await bench.session.disconnect();
  });
});
