import { expect } from 'chai';
import fc from 'fast-check';
import { toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { DynamicChannelClient } from '../../src/channels/dynamicChannelClient.ts';
import type { DynamicChannelEvent } from '../../src/channels/dynamicChannelOptions.ts';
import type { DynamicChannels } from '../../src/channels/dynamicChannels.ts';
import { DynamicChannelServer } from '../../src/channels/dynamicChannelServer.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import type { Step } from '../../src/channels/machine.ts';

/** One end: dynamic channels on a static channel, and what it reported. */
class End<C extends DynamicChannels> {
  readonly channels: C;
  readonly events: DynamicChannelEvent[] = [];
  readonly #static: StaticChannel;
  #wire: Uint8Array[] = [];

  constructor(channels: C, chunkSize: number) {
    this.channels = channels;
    this.#static = new StaticChannel({ chunkSize });
  }

  take(step: Step<DynamicChannelEvent>): void {
    this.put(step.outgoing);
    this.events.push(...step.events);
  }

  put(pdus: readonly Parts[]): void {
    this.#wire.push(...this.#static.sendAll(pdus).map(joinParts));
  }

  /** Delivers to this end what the other has sent; tells whether there was anything. */
  hear(other: End<DynamicChannels>): boolean {
    const frames = other.#wire;
    other.#wire = [];
    for (const frame of frames) {
      const { messages, error } = this.#static.receive(frame);
      expect(error).to.equal(undefined);
      for (const message of messages) this.take(this.channels.receive(message));
    }
    return frames.length > 0;
  }

  messages(): string[] {
    return this.events.flatMap((event) => (event.type === 'message' ? [toHex(event.payload)] : []));
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

class Pair {
  readonly server: End<DynamicChannelServer>;
  readonly client: End<DynamicChannelClient>;

  constructor(chunkSize = 1600) {
    this.server = new End(new DynamicChannelServer(), chunkSize);
    this.client = new End(new DynamicChannelClient({ listeners: (name) => name === 'URBDRC' }), chunkSize);
    this.server.take(this.server.channels.start(0));
    this.client.take(this.client.channels.start(0));
    this.drive();
  }

  drive(): void {
    let busy = true;
    while (busy) {
      const heard = this.client.hear(this.server);
      busy = this.server.hear(this.client) || heard;
    }
  }

  open(): number {
    const { channelId, outgoing } = this.server.channels.create('URBDRC', 0);
    this.server.put(outgoing);
    this.drive();
    return channelId;
  }
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 11 + (index >> 9));
}

describe('a server and a client through static channels', () => {
  it('agree on version 3 and open a channel', () => {
    const pair = new Pair();
    const id = pair.open();
    expect(pair.server.events).to.deep.equal([
      { type: 'ready', version: 3 },
      { type: 'opened', channelId: id, channelName: 'URBDRC' },
    ]);
    expect(pair.client.events).to.deep.equal(pair.server.events);
  });

  for (const size of [
    1,
    1589,
    1590,
    1591,
    1592,
    1593,
    1594,
    1595,
    1596,
    1597,
    1598,
    1599,
    1600,
    1601,
    65536,
    2 ** 20,
  ]) {
    it(`carry ${size} bytes both ways`, () => {
      for (const chunkSize of [1600, 700]) {
        const pair = new Pair(chunkSize);
        const id = pair.open();
        const message = pattern(size);
        const half = Math.floor(size / 2);
        pair.server.put(pair.server.channels.send(id, [message.subarray(0, half), message.subarray(half)]));
        pair.client.put(pair.client.channels.send(id, [message]));
        pair.drive();
        expect(pair.client.messages()).to.deep.equal([toHex(message)]);
        expect(pair.server.messages()).to.deep.equal([toHex(message)]);
        expect(pair.client.channels.reassemblyBytes).to.equal(0);
      }
    });
  }

  it('refuse, close from either side and at the same time, and go on', () => {
    const pair = new Pair();
    pair.server.put(pair.server.channels.create('OTHER', 0).outgoing);
    pair.drive();
    const [a, b, c] = [pair.open(), pair.open(), pair.open()];
    pair.server.take(pair.server.channels.close(a));
    pair.client.take(pair.client.channels.close(b));
    pair.server.take(pair.server.channels.close(c));
    pair.client.take(pair.client.channels.close(c));
    pair.drive();
    expect([a, b, c].map((id) => pair.server.channels.channelState(id))).to.deep.equal(['closed', 'closed', 'closed']);
    expect([a, b, c].map((id) => pair.client.channels.channelState(id))).to.deep.equal(['closed', 'closed', 'closed']);
    const closes = (end: End<DynamicChannels>) =>
      end.events.flatMap((event) => (event.type === 'closed' ? [[event.channelId, event.by]] : []));
    expect(closes(pair.server)).to.have.deep.members([
      [a, 'us'],
      [b, 'peer'],
      [c, 'us'],
    ]);
    expect(closes(pair.client)).to.have.deep.members([
      [a, 'peer'],
      [b, 'us'],
      [c, 'us'],
    ]);
    expect(pair.server.types()).to.include('refused');
    const d = pair.open();
    pair.client.put(pair.client.channels.send(d, [Uint8Array.of(1)]));
    pair.drive();
    expect(pair.server.messages()).to.deep.equal(['01']);
  });

  it('deliver every message once and in order, whatever both do', () => {
    const action = fc.oneof(
      { weight: 1, arbitrary: fc.record({ type: fc.constant('open' as const) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('closeServer', 'closeClient'), pick: fc.nat(9) }) },
      {
        weight: 5,
        arbitrary: fc.record({
          type: fc.constantFrom('sendServer', 'sendClient'),
          pick: fc.nat(9),
          size: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1500, max: 6000 })),
        }),
      },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('drive' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const pair = new Pair();
        const opened: number[] = [];
        const sent = { server: [] as string[], client: [] as string[] };
        for (const each of actions) {
          if (each.type === 'open') opened.push(pair.open());
          else if (each.type === 'drive') pair.drive();
          else if ('pick' in each) {
            const [side, other] = each.type.endsWith('Server')
              ? ([pair.server, pair.client] as const)
              : ([pair.client, pair.server] as const);
            const id = opened[each.pick % Math.max(opened.length, 1)];
            if (id === undefined || side.channels.channelState(id) !== 'open') continue;
            if ('size' in each) {
              const message = pattern(each.size);
              side.put(side.channels.send(id, [message]));
              // What crosses a close is lost, so it is not expected.
              if (other.channels.channelState(id) === 'open') {
                pair.drive();
                sent[side === pair.server ? 'server' : 'client'].push(toHex(message));
              }
            } else {
              side.take(side.channels.close(id));
            }
          }
        }
        pair.drive();
        expect(pair.client.messages()).to.deep.equal(sent.server);
        expect(pair.server.messages()).to.deep.equal(sent.client);
        for (const end of [pair.server, pair.client]) {
          expect(end.types()).not.to.include('failed');
          for (const event of end.events) if (event.type === 'closed') expect(event.by).not.to.equal('fault');
        }
        for (const id of opened) {
          expect(pair.server.channels.channelState(id)).to.equal(pair.client.channels.channelState(id));
        }
      }),
      { numRuns: 200 },
    );
  });
});
