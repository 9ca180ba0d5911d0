import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromHex } from '../../codecs/core/json.ts';
import { decodeClientMessage, decodeServerMessage } from '../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import type { RedirectionServerOptions } from '../../src/engine/server.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { ServedClient } from '../../src/engine/servedClient.ts';
import type { PeerName } from '../../src/urbdrc/peers/profiles.ts';
import { DEFAULT_SESSION_TIMERS } from '../../src/urbdrc/session/limits.ts';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { EchoDevice } from './echoDevice.ts';
import { FakeClient } from './fakePeer.ts';
import { configure, perform, read, stack, turns, write } from './stack.ts';

const EMPTY = new Uint8Array(0);
const GET_STATUS = {
  type: 'control',
  setup: { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 0 },
  data: EMPTY,
  timeout: 0,
} as const;
/** It has a limit of its own, so short that the watchdog's adds up to nearly the same. */
const LIMITED = { ...GET_STATUS, timeout: 1 } as const;

/** Keeps what it is asked for until the test answers, and knows what it was told to cancel. */
class SlowDevice extends EchoDevice {
  readonly held: { readonly type: string; readonly complete: (result: UsbResult) => void; isCancelled: boolean }[] = [];
  /** Whether a cancelled operation ends. */
  obeys = true;
  keeps = false;

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (!this.keeps) return super.submit(operation, complete);
    const held = { type: operation.type, complete, isCancelled: false };
    this.held.push(held);
    return {
      cancel: () => {
        held.isCancelled = true;
        if (this.obeys) this.answer(held, 'cancelled');
      },
    };
  }

  answer(held = this.held[0]!, status: UsbResult['status'] = 'completed', data = EMPTY): void {
    this.held.splice(this.held.indexOf(held), 1);
    held.complete({ status, data, transferred: data.byteLength });
  }
}

/** A device that keeps what it gets from now on, at a client that the server takes for `peer`. */
async function slow(peer: PeerName, options: Partial<RedirectionServerOptions> = {}) {
  const clock = new VirtualClock();
  const { client, host, server, ignored } = stack({ server: { clock, peer, ...options } });
  const device = new SlowDevice();
  await client.attach(device);
  const remote = await host.added();
  await configure(remote);
  device.keeps = true;
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await turns();
  };
  const close = async () => {
    await server.close();
    await client.close();
  };
  return { device, remote, server, ignored, pass, close };
}

/** The status of an operation, when it has one. */
function watch(result: Promise<UsbResult>): { status: string | undefined } {
  const seen: { status: string | undefined } = { status: undefined };
  void result.then(({ status }) => (seen.status = status));
  return seen;
}

describe('what a server does for one client and not for another', () => {
  describe('controlWatchdog: a control request that is not answered', () => {
    for (const [peer, limit] of [
      ['freerdp', 4001],
      ['generic', 30_001],
    ] as const) {
      it(`is cancelled after ${limit} ms with ${peer}, and has timed out`, async () => {
        const { device, remote, server, pass, close } = await slow(peer);
        for (const [obeys, unansweredRequests] of [
          [true, 0],
          [false, 1],
        ] as const) {
          device.obeys = obeys;
          const result = watch(perform(remote, LIMITED));
          await turns();
          await pass(limit - 1);
          expect(device.held[0]).to.include({ isCancelled: false });
          await pass(1);
          expect(result.status).to.equal(obeys ? 'timedOut' : undefined);
          await pass(obeys ? 0 : 3000);
          expect(result.status).to.equal('timedOut');
          expect(server.statistics).to.deep.equal({ unansweredRequests, lateCompletions: 0 });
        }
        await close();
      });
    }

    it('ends after what the program says, with everybody', async () => {
      const { remote, pass, close } = await slow('freerdp', { timers: { controlWatchdog: 50 } });
      const result = watch(perform(remote, GET_STATUS));
      await turns();
      await pass(50);
      expect(result.status).to.equal('timedOut');
      await close();
    });
  });

  it('controlsBounded: a control request to which nobody set a limit', async () => {
    for (const [peer, limit] of [
      ['freerdp', 4000],
      ['generic', undefined],
      ['mstsc', undefined],
      ['ironrdp', undefined],
      ['strict', undefined],
    ] as const) {
      const { device, remote, pass, close } = await slow(peer);
      const result = watch(perform(remote, GET_STATUS));
      await turns();
      await pass((limit ?? 10 * 60_000) - 1);
      expect(device.held[0], peer).to.include({ isCancelled: false });
      await pass(1);
      if (limit === undefined) device.answer();
      await turns();
      expect(result.status, peer).to.equal(limit === undefined ? 'completed' : 'timedOut');
      await close();
    }
  });

  it('controlsOneByOne: a control request waits for those ahead of it', async () => {
    for (const [peer, ends] of [
      ['freerdp', [4001, 8001, 12_001]],
      ['generic', [30_001, 30_001, 30_001]],
    ] as const) {
      const { remote, pass, close } = await slow(peer);
      const results = ends.map(() => watch(perform(remote, LIMITED)));
      await turns();
      const seen: number[] = [];
      for (let now = 1; now < 32_000; now += 1000) {
        await pass(now === 1 ? 1 : 1000);
        results.forEach(({ status }, index) => {
          if (status === 'timedOut') seen[index] ??= now;
        });
      }
      expect(seen, peer).to.deep.equal([...ends]);
      await close();
    }
  });

  describe('transferWatchdog: a write that is not answered', () => {
    it('is cancelled after 12 s with FreeRDP, and has timed out', async () => {
      const { device, remote, server, pass, close } = await slow('freerdp');
      const result = watch(write(remote, Uint8Array.of(1)));
      await turns();
      await pass(12_000);
      expect(device.held.map(({ isCancelled }) => isCancelled)).to.deep.equal([false]);
      await pass(1);
      expect(result.status).to.equal('timedOut');
      expect(server.statistics.unansweredRequests).to.equal(0);
      await close();
    });

    it('is given up when that is not answered either; the late answer is dropped and counted', async () => {
      const { device, remote, server, ignored, pass, close } = await slow('freerdp');
      device.obeys = false;
      const result = watch(write(remote, Uint8Array.of(1)));
      await turns();
      await pass(12_001);
      await pass(2999);
      expect(result.status).to.equal(undefined);
      await pass(1);
      expect(result.status).to.equal('timedOut');
      expect(server.statistics).to.deep.equal({ unansweredRequests: 1, lateCompletions: 0 });
      device.answer();
      await turns();
      expect(server.statistics).to.deep.equal({ unansweredRequests: 1, lateCompletions: 1 });
      expect(ignored.join()).to.contain('late answer to RequestId');
      device.keeps = false;
      expect((await write(remote, Uint8Array.of(2))).status, 'the device lives').to.equal('completed');
      await close();
    });

    it('has the more time the more is on the way', async () => {
      const { device, remote, pass, close } = await slow('freerdp');
      for (let index = 0; index < 2; index += 1) void write(remote, new Uint8Array(640_000));
      await turns(200);
      await pass(12_000 + 10_000 - 1);
      expect(device.held).to.have.length(2);
      await pass(1);
      expect(device.held).to.have.length(1);
      await pass(9999);
      expect(device.held).to.have.length(1);
      await pass(1);
      expect(device.held).to.have.length(0);
      await close();
    });

    it('may take for ever with a client that is not known', async () => {
      const { device, remote, pass, close } = await slow('generic');
      const result = watch(write(remote, Uint8Array.of(1)));
      await turns();
      await pass(24 * 60 * 60 * 1000);
      expect(device.held[0]).to.include({ isCancelled: false });
      device.answer();
      await turns();
      expect(result.status).to.equal('completed');
      await close();
    });

    it('has what time the program says, with everybody', async () => {
      const { remote, pass, close } = await slow('generic', { timers: { transferWatchdog: 50 } });
      const result = watch(write(remote, EMPTY));
      await turns();
      await pass(50);
      expect(result.status).to.equal('timedOut');
      await close();
    });
  });

  describe('transferWatchdog: a long read', () => {
    it('goes on, for it is asked for again', async () => {
      const { device, remote, server, pass, close } = await slow('freerdp');
      const result = read(remote, 8);
      await turns();
      for (let round = 0; round < 3; round += 1) {
        const [before] = device.held;
        await pass(12_001);
        expect(before).to.include({ isCancelled: true });
        expect(device.held).to.have.length(1);
        expect(device.held[0]).to.include({ isCancelled: false });
      }
      device.answer(undefined, 'completed', Uint8Array.of(7));
      expect(await result).to.deep.include({ status: 'completed', data: Uint8Array.of(7) });
      expect(server.statistics).to.deep.equal({ unansweredRequests: 0, lateCompletions: 0 });
      await close();
    });

    it('gets the data that came in the meantime', async () => {
      const { device, remote, pass, close } = await slow('freerdp');
      device.obeys = false;
      const result = read(remote, 8);
      await turns();
      await pass(12_001);
      device.answer(undefined, 'completed', Uint8Array.of(7));
      expect(await result).to.deep.include({ status: 'completed', data: Uint8Array.of(7) });
      await close();
    });

    it('ends when the client has lost it', async () => {
      const { device, remote, server, pass, close } = await slow('freerdp');
      device.obeys = false;
      const result = watch(read(remote, 8));
      await turns();
      await pass(12_001);
      await pass(3000);
      expect(result.status).to.equal('timedOut');
      expect(server.statistics.unansweredRequests).to.equal(1);
      expect(device.held).to.have.length(1);
      await close();
    });

    it('is cancelled when the program wants it, in the middle of all that', async () => {
      const { device, remote, pass, close } = await slow('freerdp');
      device.obeys = false;
      let status: string | undefined;
      const transfer = remote.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, (result) => {
        status = result.status;
      });
      await turns();
      await pass(12_001);
      transfer.cancel();
      device.answer(undefined, 'cancelled');
      await turns();
      expect(status).to.equal('cancelled');
      expect(device.held).to.have.length(0);
      await close();
    });
  });

  it('idleReads: a read that the client ends as timed out', async () => {
    for (const peer of ['freerdp', 'generic', 'strict'] as const) {
      const { device, remote, close } = await slow(peer);
      const result = watch(read(remote, 8));
      await turns();
      device.answer(undefined, 'timedOut');
      await turns();
      expect(device.held.length, peer).to.equal(peer === 'strict' ? 0 : 1);
      expect(result.status, peer).to.equal(peer === 'strict' ? 'timedOut' : undefined);
      await close();
    }
  });

  it('cancelledRequests: a client that never answers CANCEL_REQUEST', async () => {
    for (const [peer, grace] of [
      ['ironrdp', 0],
      ['generic', 3000],
    ] as const) {
      const { device, remote, pass, close } = await slow(peer);
      device.obeys = false;
      let status: string | undefined;
      const transfer = remote.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, (result) => {
        status = result.status;
      });
      await turns();
      transfer.cancel();
      if (grace > 0) {
        await pass(grace - 1);
        expect(status).to.equal(undefined);
        await pass(1);
      }
      expect(status, peer).to.equal('cancelled');
      await close();
    }
  });

  describe('emptyAfterCancel: a cancelled transfer that succeeds without a byte', () => {
    const READ = { type: 'transferIn', endpointAddress: 0x81, length: 8 } as const;
    const WRITE = { type: 'transferOut', endpointAddress: 0x02, data: Uint8Array.of(1) } as const;
    const rows: readonly (readonly [PeerName, UsbOperation, string])[] = [
      ['freerdp', READ, 'cancelled'],
      ['freerdp-after-3.30', READ, 'cancelled'],
      ['freerdp-after-3.30', WRITE, 'cancelled'],
      // What is empty as it should be cannot be told from what was cancelled: it has succeeded.
      ['freerdp-after-3.30', { ...READ, length: 0 }, 'completed'],
      ['freerdp-2.x', READ, 'completed'],
      ['generic', READ, 'completed'],
    ];
    for (const [peer, operation, expected] of rows) {
      it(`${peer}, ${operation.type} of ${operation.type === 'transferIn' ? operation.length : 1}: ${expected}`, async () => {
        const { device, remote, close } = await slow(peer);
        device.obeys = false;
        let status: string | undefined;
        const transfer = remote.submit(operation, (result) => (status = result.status));
        await turns();
        transfer.cancel();
        await turns();
        device.answer();
        await turns();
        expect(status).to.equal(expected);
        await close();
      });
    }

    it('leaves what came before the cancel arrived, and what nobody cancelled', async () => {
      const { device, remote, close } = await slow('freerdp-after-3.30');
      device.obeys = false;
      const results: UsbResult[] = [];
      const transfer = remote.submit(READ, (result) => results.push(result));
      await turns();
      transfer.cancel();
      await turns();
      device.answer(undefined, 'completed', Uint8Array.of(7));
      await turns();
      const empty = read(remote, 8);
      await turns();
      device.answer();
      results.push(await empty);
      expect(results.map(({ status, data }) => `${status} ${data.byteLength}`)).to.deep.equal([
        'completed 1',
        'completed 0',
      ]);
      await close();
    });

    it('is read on after our own watchdog, as any read that FreeRDP gives back', async () => {
      const { device, remote, pass, close } = await slow('freerdp-after-3.30');
      device.obeys = false;
      const result = watch(read(remote, 8));
      await turns();
      await pass(12_001);
      device.answer();
      await turns();
      expect(result.status).to.equal(undefined);
      expect(device.held).to.have.length(1);
      device.answer(undefined, 'completed', Uint8Array.of(7));
      await turns();
      expect(result.status).to.equal('completed');
      await close();
    });
  });

  it('pipeRequestOutputBufferSize: how a pipe is reset', async () => {
    for (const [peer, size] of [
      ['freerdp', 36],
      ['freerdp-3.14-3.22', 36],
      ['freerdp-2.x', 0],
      ['generic', 0],
    ] as const) {
      const sizes: number[] = [];
      const onMessage: RedirectionServerOptions['onMessage'] = ({ direction, bytes }) => {
        if (direction === 'received') return;
        const message = decodeServerMessage(bytes);
        if (message.name !== 'TRANSFER_IN_REQUEST' || message.tsUrb.name !== 'TS_URB_PIPE_REQUEST') return;
        sizes.push(message.outputBufferSize);
      };
      const { device, remote, close } = await slow(peer, { onMessage });
      device.keeps = false;
      const { status } = await perform(remote, { type: 'clearHalt', endpointAddress: 0x81 });
      expect(status).to.equal('completed');
      expect(sizes, peer).to.deep.equal([size]);
      await close();
    }
  });

  it('portControls: a reset that would not be done', async () => {
    for (const [peer, expected] of [
      ['freerdp', 'notSupported'],
      ['generic', 'completed'],
    ] as const) {
      const { device, remote, close } = await slow(peer);
      device.keeps = false;
      for (const type of ['resetDevice', 'cyclePort'] as const) {
        const before = device.operations.length;
        expect((await perform(remote, { type })).status, peer).to.equal(expected);
        expect(device.operations.slice(before).some((each) => each.type === type)).to.equal(expected === 'completed');
      }
      await close();
    }
  });
});

const FREERDP = (() => {
  const path = new URL('../../test-vectors/urbdrc/ADD_DEVICE/freerdp-stick.json', import.meta.url);
  return fromHex((JSON.parse(readFileSync(path, 'utf8')) as { hex: string }).hex);
})();

describe('deviceChannelOpening: how a device channel begins', () => {
  for (const [peer, expected] of [
    ['ironrdp-before-1711', ['CHANNEL_CREATED', 'RIMCALL_RELEASE', 'REGISTER_REQUEST_CALLBACK']],
    ['ironrdp', ['RIM_EXCHANGE_CAPABILITY_REQUEST', 'RIMCALL_RELEASE', 'CHANNEL_CREATED']],
    ['mstsc', ['RIM_EXCHANGE_CAPABILITY_REQUEST', 'RIMCALL_RELEASE', 'CHANNEL_CREATED']],
  ] as const) {
    it(`${peer}: ${expected[0]} comes first, also on the control channel where that is the exchange`, async () => {
      const [near, far] = memoryPair();
      const server = new RedirectionServer(far, { peer });
      const client = new FakeClient(near);
      const control = await client.open();
      client.requestChannel(control);
      client.announce(await client.open());
      await turns();
      const namesOn = (channel: number) =>
        client.messages.filter(({ channelId }) => channelId === channel).map(({ message }) => message.name);
      expect(namesOn(control)[0]).to.equal('RIM_EXCHANGE_CAPABILITY_REQUEST');
      expect(namesOn(client.opened[1]!).slice(0, 3)).to.deep.equal(expected);
      await server.close();
    });
  }

  it('a client that ends the connection over the exchange is told, so that the next one can be named', async () => {
    const [near, far] = memoryPair();
    const recognised: string[] = [];
    const server = new RedirectionServer(far, { onPeerRecognised: ({ name }) => recognised.push(name) });
    const client = new FakeClient(near);
    const control = await client.open();
    client.requestChannel(control);
    await client.received('RIM_EXCHANGE_CAPABILITY_REQUEST', 2);
    await client.stack.close();
    await server.closed;
    expect(recognised).to.deep.equal(['ironrdp-before-1711']);
  });
});

describe('which client a server has', () => {
  function connect(peer?: PeerName) {
    const [near, far] = memoryPair();
    const recognised: string[] = [];
    const server = new RedirectionServer(far, {
      onPeerRecognised: ({ name }) => recognised.push(name),
      ...(peer === undefined ? {} : { peer }),
    });
    return { client: new FakeClient(near), server, recognised };
  }

  /** Two devices, with the messages of FreeRDP. */
  async function announceTwice(client: FakeClient): Promise<void> {
    const control = await client.open(1);
    for (const number of [1, 2]) {
      const messageId = 4 + number;
      client.send(control, { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId });
      client.send(await client.open(1 + number), FREERDP);
    }
    await client.received('REGISTER_REQUEST_CALLBACK', 2);
  }

  it('is told once a connection', async () => {
    for (let connection = 0; connection < 2; connection += 1) {
      const { client, server, recognised } = connect();
      await announceTwice(client);
      expect(recognised).to.deep.equal(['freerdp']);
      await server.close();
    }
  });

  it('is not told where the program has said it', async () => {
    const { client, server, recognised } = connect('mstsc');
    await announceTwice(client);
    expect(recognised).to.deep.equal([]);
    await server.close();
  });

  it('is not told of our own', async () => {
    const recognised: string[] = [];
    const { client, host, server } = stack({ server: { onPeerRecognised: ({ name }) => recognised.push(name) } });
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    await write(device, Uint8Array.of(1));
    await perform(device, { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 });
    expect(recognised).to.deep.equal([]);
    expect(server.statistics).to.deep.equal({ unansweredRequests: 0, lateCompletions: 0 });
    await server.close();
    await client.close();
  });

  it('is told again when its version shows', () => {
    const device = decodeClientMessage(FREERDP, {});
    if (device.name !== 'ADD_DEVICE') throw new Error(device.name);
    const titles: string[] = [];
    const client = new ServedClient(undefined, new VirtualClock(), DEFAULT_SESSION_TIMERS, ({ title }) => {
      titles.push(title);
    });
    client.channelRequested(5);
    client.announced(device);
    client.announced(device);
    client.shown({ type: 'interfaceSelected', isTooLong: true, padding: 0 });
    client.shown({ type: 'interfaceSelected', isTooLong: true, padding: 0 });
    expect(titles).to.deep.equal(['FreeRDP', 'FreeRDP 3.14 to 3.22']);
    expect(client.peer.settings.pipeRequestOutputBufferSize).to.equal(36);
  });
});
