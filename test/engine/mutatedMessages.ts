import { expect } from 'chai';
import { fromHex } from '../../codecs/core/json.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { MassStorage } from '../../src/usb/massStorage/massStorage.ts';
import { RemoteDevice } from '../../src/hosts/remoteDevice/remoteDevice.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { RedirectedDevice, UsbOperation } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { loadVectors } from '../codecs/vectors.ts';
import { bytesInUse } from './heap.ts';
import { FakeClient, FakeServer } from './fakePeer.ts';
import { mutate, randomNumbers } from './mutations.ts';
import { RecordingHost, turns } from './stack.ts';

const BATCH = 200;
/** Until a batch is handled, which is done a little at a time. */
const TURNS_OF_A_BATCH = 60;
const SEED = 1;
/** A chunk's header; transports carry no less. */
const SMALLEST_FRAME = 8;
/** What a run may leave behind, bytes: far less than what it sent. */
const LEFT_BEHIND = 16 * 1024 * 1024;

/** Counts how often it was taken and given back. */
class CountedStick extends MassStorageStick {
  opens = 0;
  closes = 0;

  constructor() {
    super({ blocks: new MemoryBlocks(new Uint8Array(512 * 64)) });
  }

  override async open(): Promise<void> {
    await super.open();
    this.opens += 1;
  }

  override async close(): Promise<void> {
    if (this.opens > this.closes) this.closes += 1;
    await super.close();
  }
}

interface Recording {
  readonly client: Uint8Array[];
  readonly server: Uint8Array[];
  /** Frames of the transport. */
  readonly clientFrames: Uint8Array[];
  readonly serverFrames: Uint8Array[];
}

/** What both ends say when all is well: a stick is read and written. */
async function record(): Promise<Recording> {
  const recording: Recording = { client: [], server: [], clientFrames: [], serverFrames: [] };
  const [near, far] = memoryPair();
  tap(near, recording.clientFrames);
  tap(far, recording.serverFrames);
  const host = new RecordingHost();
  const server = new RedirectionServer(far, {
    onMessage: ({ direction, bytes }) => {
      recording[direction === 'sent' ? 'server' : 'client'].push(Uint8Array.from(bytes));
    },
  });
  host.watch(server);
  const client = new RedirectionClient(near);
  await client.attach(new CountedStick());
  const device = await host.added();
  await device.queryDeviceText('description', 0x409);
  const storage = await MassStorage.open(new RemoteDevice(device));
  await storage.write(1, new Uint8Array(512));
  await storage.read(0, 8);
  await storage.close();
  await client.close();
  await server.close();
  return recording;
}

function tap(transport: Transport, frames: Uint8Array[]): void {
  const send = transport.send.bind(transport);
  transport.send = (sent) => {
    for (const frame of sent) frames.push(Uint8Array.from(frame.flatMap((part) => [...part])));
    return send(sent);
  };
}

function vectorsFrom(from: 'client' | 'server'): Uint8Array[] {
  return loadVectors('urbdrc')
    .filter((vector) => vector.from === from)
    .map((vector) => fromHex(vector.hex));
}

/** So many messages to each end, and so many connections of which each frame may be changed. */
export function testMutatedMessages(messages: number, connections: number): void {
  let recording: Recording;

  before(async () => {
    recording = await record();
  });

  it(`leave a client that got ${messages} of them working, its devices given back and its memory free`, async () => {
    const random = randomNumbers(SEED);
    const corpus = [...recording.server, ...recording.server, ...vectorsFrom('server')];
    const pick = () => corpus[random(corpus.length)]!;
    const sticks: CountedStick[] = [];
    let taken = 0;
    let sent = 0;
    let before = 0;
    while (sent < messages) {
      const [near, far] = memoryPair();
      const client = new RedirectionClient(near);
      const server = new FakeServer(far);
      taken += 1;
      while (sent < messages && !server.isOver()) {
        const stick = new CountedStick();
        sticks.push(stick);
        const redirection = await client.attach(stick).catch(() => undefined);
        if (redirection === undefined) break;
        const ended = redirection.ended.then(() => true);
        const { channelId } = await (server.opened.length === 0 ? server.takeDevice() : server.takeNext(sticks.length));
        server.remembers = false;
        for (let over = false; !over && sent < messages && !server.isOver();) {
          for (let count = 0; count < BATCH; count += 1) {
            const message = random(4) === 0 ? pick() : mutate(pick(), random, pick());
            if (message.byteLength > 0) server.send(random(20) === 0 ? server.opened[0]! : channelId, message);
          }
          sent += BATCH;
          await turns(TURNS_OF_A_BATCH);
          over = await Promise.race([ended, turns(0).then(() => false)]);
          if (before === 0 && sent >= messages / 10) before = await bytesInUse();
        }
        server.remembers = true;
        server.forget();
      }
      await client.close();
      await server.stack.close();
    }
    expect(sticks.map(({ opens, closes }) => opens - closes).filter((open) => open !== 0)).to.deep.equal([]);

    expect(taken).to.be.lessThan(messages / 100);
    sticks.length = 0;
    expect((await bytesInUse()) - before).to.be.lessThan(LEFT_BEHIND);
  });

  it(`leave a server that got ${messages} of them working, and its memory free`, async () => {
    const random = randomNumbers(SEED);
    const corpus = [...recording.client, ...recording.client, ...vectorsFrom('client')];
    const pick = () => corpus[random(corpus.length)]!;
    let sent = 0;
    let before = 0;
    let devices = 0;
    while (sent < messages) {
      const [near, far] = memoryPair();
      // Programs on the server use what they get.
      const server = new RedirectionServer(far);
      server.watch(use);
      const client = new FakeClient(near);
      client.remembers = false;
      const control = await client.open(1);
      while (sent < messages && !client.isOver()) {
        const count = client.opened.length + 1;
        client.requestChannel(control);
        await client.until(() => client.isOver() || client.opened.length >= count || client.closed.includes(control));
        const channelId = client.opened[count - 1];
        if (channelId === undefined) break;
        await client.open(count);
        devices += 1;
        client.announce(channelId);
        while (sent < messages && !client.isOver() && !client.closed.includes(channelId)) {
          for (let each = 0; each < BATCH; each += 1) {
            const message = random(4) === 0 ? pick() : mutate(pick(), random, pick());
            if (message.byteLength > 0) client.send(random(100) === 0 ? control : channelId, message);
          }
          sent += BATCH;
          await turns(TURNS_OF_A_BATCH);
          if (before === 0 && sent >= messages / 10) before = await bytesInUse();
        }
        client.closed.length = 0;
      }
      await client.stack.close();
      await server.close();
    }

    expect(devices).to.be.greaterThan(0);
    expect((await bytesInUse()) - before).to.be.lessThan(LEFT_BEHIND);
  });

  for (const end of ['client', 'server'] as const) {
    it(`in mutated frames end the connection of a ${end} cleanly, or do no harm`, async () => {
      const random = randomNumbers(SEED);
      const corpus = end === 'client' ? recording.serverFrames : recording.clientFrames;
      for (let connection = 0; connection < connections; connection += 1) {
        const [near, far] = memoryPair();
        const stick = new CountedStick();
        const engine = end === 'client' ? new RedirectionClient(near) : new RedirectionServer(near);
        if (engine instanceof RedirectionClient) await engine.attach(stick);
        far.start({ received: () => {}, drained: () => {}, closed: () => {} });
        const damaged = random(corpus.length);
        corpus.forEach((frame, index) => {
          const isDamaged = index === damaged || random(50) === 0;
          const bytes = isDamaged ? mutate(frame, random, corpus[random(corpus.length)]!) : frame;
          if (bytes.byteLength >= SMALLEST_FRAME) far.send([[bytes]]);
        });
        await turns(3);
        await engine.close();
        expect(stick.opens - stick.closes, `connection ${connection}`).to.equal(0);
        await far.close();
      }
    });
  }
}

/** Some of everything, without waiting for it. */
function use(device: RedirectedDevice): void {
  const operations: UsbOperation[] = [
    { type: 'setConfiguration', configurationValue: 1 },
    { type: 'transferIn', endpointAddress: 0x81, length: 512 },
    { type: 'transferOut', endpointAddress: 0x02, data: new Uint8Array(64) },
    { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 },
    { type: 'resetDevice' },
  ];
  const next = (count: number) => {
    if (device.gone.aborted || count > 1000) return;
    const transfer = device.submit(operations[count % operations.length]!, () => setImmediate(next, count + 1));
    if (count % 7 === 0) transfer.cancel();
  };
  next(0);
  device.queryDeviceText('description', 0).catch(() => {});
}
