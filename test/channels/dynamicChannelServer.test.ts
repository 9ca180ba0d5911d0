import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { DynamicChannelServer } from '../../src/channels/dynamicChannelServer.ts';
import { errorOf, feed, hexOf, openServer, plain, readyServer } from './dynamicChannelPeers.ts';

describe('DynamicChannelServer, capabilities (3.3.5.1)', () => {
  it('offers version 3 with all charges zero, because it decompresses', () => {
    const server = new DynamicChannelServer();
    expect(server.state).to.equal('idle');
    expect(hexOf(server.start(0).outgoing)).to.deep.equal(['500003000000000000000000']);
    expect(server.state).to.equal('awaitingCapabilities');
  });

  it('offers the version that it is told to', () => {
    expect(hexOf(new DynamicChannelServer({ version: 1 }).start(0).outgoing)).to.deep.equal(['50000100']);
    expect(hexOf(new DynamicChannelServer({ version: 2 }).start(0).outgoing)).to.deep.equal([
      '500002000000000000000000',
    ]);
    expect(() => new DynamicChannelServer({ version: 4 })).to.throw(UsageError, 'version: 4');
    expect(() => new DynamicChannelServer({ limits: { maximumChannels: 0 } })).to.throw(UsageError, 'maximumChannels');
  });

  it('agrees on the lower version', () => {
    const agreed = (own: number, clients: number) => readyServer({ version: own }, clients).version;
    expect([agreed(3, 1), agreed(3, 2), agreed(3, 3), agreed(3, 9), agreed(2, 3)]).to.deep.equal([1, 2, 3, 3, 2]);
  });

  it('takes noise in the answer, as from mstsc', () => {
    const server = new DynamicChannelServer();
    server.start(0);
    expect(feed(server, '5c 00 0300').events).to.deep.equal([{ type: 'ready', version: 3 }]);
  });

  it('fails for version 0, and ignores a second answer', () => {
    const server = new DynamicChannelServer();
    server.start(0);
    expect(errorOf(feed(server, '50000000'), 'failed')).to.contain('version 0 does not exist');
    expect(errorOf(feed(readyServer(), '50000300'), 'ignored')).to.contain('DYNVC_CAPS_RSP in state ready');
  });

  it('gives the client 10 s, then there are no channels (3.3.2)', () => {
    const server = new DynamicChannelServer();
    expect(server.nextTimeout()).to.equal(undefined);
    server.start(5000);
    expect(server.nextTimeout()).to.equal(15_000);
    expect(server.handleTimeout(14_999).events).to.deep.equal([]);
    expect(server.handleTimeout(15_000).events.map((event) => event.type)).to.deep.equal(['failed']);
    expect(server.state).to.equal('failed');
    expect(server.nextTimeout()).to.equal(undefined);
    expect(server.handleTimeout(20_000).events).to.deep.equal([]);
    expect(feed(server, '50000300')).to.deep.equal({ events: [], outgoing: [] });
  });

  it('has no timer once the answer is there', () => {
    expect(readyServer().nextTimeout()).to.equal(undefined);
  });

  it('starts once', () => {
    expect(() => readyServer().start(0)).to.throw(UsageError, 'already');
  });
});

describe('DynamicChannelServer, create (3.3.5.2)', () => {
  it('creates nothing before the capabilities are answered', () => {
    const server = new DynamicChannelServer();
    expect(() => server.create('URBDRC', 0)).to.throw(UsageError, 'idle');
    expect(server.canCreate).to.equal(false);
    server.start(0);
    expect(() => server.create('URBDRC', 0)).to.throw(UsageError, 'awaitingCapabilities');
  });

  it('opens a channel that the client accepts', () => {
    const server = readyServer();
    const { channelId, outgoing } = server.create('URBDRC', 0, 2);
    expect(channelId).to.equal(1);
    expect(hexOf(outgoing)).to.deep.equal(['180155524244524300']);
    expect(server.channelState(1)).to.equal('creating');
    expect(() => server.send(1, [Uint8Array.of(1)])).to.throw(UsageError, 'channel 1 is creating');
    expect(feed(server, '1001 00000000').events).to.deep.equal([
      { type: 'opened', channelId: 1, channelName: 'URBDRC' },
    ]);
    expect(hexOf(server.send(1, [Uint8Array.of(9)]))).to.deep.equal(['300109']);
  });

  it('looks at nothing but the sign of CreationStatus', () => {
    const server = readyServer();
    server.create('URBDRC', 0);
    expect(feed(server, '1001 01000000').events[0]?.['type']).to.equal('opened');
    server.create('URBDRC', 0);
    expect(feed(server, '1002 250200c0').events).to.deep.equal([
      { type: 'refused', channelId: 2, channelName: 'URBDRC', creationStatus: 0xc0000225 | 0 },
    ]);
    expect(server.channelState(2)).to.equal('closed');
  });

  it('takes the id in any width', () => {
    const server = readyServer();
    server.create('URBDRC', 0);
    expect(feed(server, '1201000000 00000000').events[0]?.['type']).to.equal('opened');
    expect(feed(server, '310100 aa').events).to.deep.equal([{ type: 'message', channelId: 1, payload: 'aa' }]);
  });

  it('does not give the id of a refused channel to the next one, because old Windows closes it', () => {
    const server = readyServer();
    server.create('URBDRC', 0);
    feed(server, '1001 250200c0');
    expect(server.create('URBDRC', 0).channelId).to.equal(2);
    expect(errorOf(feed(server, '4001'), 'ignored')).to.contain('channel 1 is not open');
    expect(server.channelState(2)).to.equal('creating');
  });

  it('with a base, all ids are above it, round and round', () => {
    const server = readyServer({ channelIdBase: 0x7000_0000 });
    const ids = Array.from({ length: 256 }, () => {
      const { channelId } = server.create('URBDRC', 0);
      feed(server, { name: 'DYNVC_CREATE_RSP', channelId, creationStatus: -1 });
      return channelId;
    });
    expect([ids[0], ids[1], ids[254], ids[255]]).to.deep.equal([0x7000_0001, 0x7000_0002, 0x7000_00ff, 0x7000_0001]);
  });

  it('goes round within one byte, past the ids in use', () => {
    const server = openServer(2);
    for (let round = 0; round < 300; round++) {
      const { channelId } = server.create('URBDRC', 0);
      expect(channelId).to.be.within(3, 255);
      feed(server, { name: 'DYNVC_CREATE_RSP', channelId, creationStatus: -1 });
    }
  });

  it('refuses names that it cannot send', () => {
    const server = readyServer();
    expect(() => server.create('', 0)).to.throw(UsageError);
    expect(() => server.create('x'.repeat(257), 0)).to.throw(UsageError, '256');
    expect(() => server.create('Ω', 0)).to.throw(UsageError, 'ANSI');
    expect(() => server.create('URBDRC', 0, 4)).to.throw(UsageError, 'Pri');
    expect(server.create('URBDRC', 0).channelId).to.equal(1);
  });

  it('keeps to its limits of channels and of pending creates', () => {
    const server = readyServer({ limits: { maximumChannels: 3, maximumPendingCreates: 2 } });
    server.create('URBDRC', 0);
    expect(server.canCreate).to.equal(true);
    server.create('URBDRC', 0);
    expect(server.canCreate).to.equal(false);
    expect(() => server.create('URBDRC', 0)).to.throw(UsageError, '2 creates');
    feed(server, '1001 00000000');
    server.create('URBDRC', 0);
    feed(server, '1002 00000000');
    expect(server.canCreate).to.equal(false);
    expect(() => server.create('URBDRC', 0)).to.throw(UsageError, 'maximumChannels');
  });

  it('ignores an answer for a channel that it did not create', () => {
    expect(errorOf(feed(readyServer(), '1007 00000000'), 'ignored')).to.contain('DYNVC_CREATE_RSP in state closed');
  });

  it('closes a channel whose creation is not answered within 10 seconds, and no other', () => {
    const server = readyServer();
    server.create('URBDRC', 1000);
    server.create('URBDRC', 2000);
    server.create('URBDRC', 3000);
    feed(server, '1001 00000000');
    expect(server.nextTimeout()).to.equal(12_000);
    expect(server.handleTimeout(11_999).events).to.deep.equal([]);
    const { events, outgoing } = server.handleTimeout(12_000);
    const late = errorOf({ events: events.map(plain), outgoing: [] }, 'closed');
    expect(late).to.contain('DYNVC_CREATE_REQ in state creating: no answer within 10000 ms');
    expect(hexOf(outgoing)).to.deep.equal(['4002']);
    expect([1, 2, 3].map((channelId) => server.channelState(channelId))).to.deep.equal(['open', 'closing', 'creating']);
    feed(server, '1003 00000000');
    expect(server.nextTimeout()).to.equal(undefined);
    // The answer that comes all the same, and the one to the close.
    expect(feed(server, '1002 00000000').events).to.deep.equal([]);
    expect(feed(server, '4002').events).to.deep.equal([]);
    expect(server.channelState(2)).to.equal('closed');
  });

  it('closes a channel that sends data before it is created, or is created twice', () => {
    const early = readyServer();
    early.create('URBDRC', 0);
    const step = feed(early, '3001 aa');
    expect(errorOf(step, 'closed')).to.contain('DYNVC_DATA in state creating');
    expect(step.outgoing).to.deep.equal(['4001']);
    expect(errorOf(feed(openServer(), '1001 00000000'), 'closed')).to.contain('DYNVC_CREATE_RSP in state open');
  });
});

describe('DynamicChannelServer, close (3.3.5.2)', () => {
  it('waits for the answer to its close, and drops the data that was under way', () => {
    const server = openServer();
    const step = server.close(1);
    expect(hexOf(step.outgoing)).to.deep.equal(['4001']);
    expect(step.events.map(plain)).to.deep.equal([{ type: 'closed', channelId: 1, by: 'us' }]);
    expect(server.channelState(1)).to.equal('closing');
    expect(() => server.close(1)).to.throw(UsageError, 'closing already');
    expect(() => server.send(1, [Uint8Array.of(1)])).to.throw(UsageError);
    expect(feed(server, '3001 aa')).to.deep.equal({ events: [], outgoing: [] });
    expect(feed(server, '4201000000')).to.deep.equal({ events: [], outgoing: [] });
    expect(server.channelState(1)).to.equal('closed');
  });

  it('does not answer the close of a client', () => {
    const server = openServer();
    expect(feed(server, '4001')).to.deep.equal({
      events: [{ type: 'closed', channelId: 1, by: 'peer' }],
      outgoing: [],
    });
  });

  it('closes a channel whose creation is not answered yet, whatever the answer', () => {
    for (const [answer, state] of [
      ['1001 00000000', 'closing'],
      ['1001 250200c0', 'closed'],
    ] as const) {
      const server = readyServer();
      server.create('URBDRC', 0);
      expect(hexOf(server.close(1).outgoing)).to.deep.equal(['4001']);
      expect(feed(server, answer)).to.deep.equal({ events: [], outgoing: [] });
      expect(server.channelState(1)).to.equal(state);
    }
  });

  it('does not use an id again before its close is answered or released', () => {
    const server = openServer(1, { limits: { maximumChannels: 300 } });
    server.close(1);
    const ids = new Set<number>();
    for (let round = 0; round < 70_000; round++) {
      const { channelId } = server.create('URBDRC', 0);
      ids.add(channelId);
      feed(server, { name: 'DYNVC_CREATE_RSP', channelId, creationStatus: -1 });
    }
    expect(ids.has(1)).to.equal(false);
    expect(ids.size).to.equal(65_534);
    server.releaseClosed(1);
    expect(server.channelState(1)).to.equal('closed');
    server.releaseClosed(1);
  });

  it('releases the oldest by itself when too many closes stay unanswered', () => {
    const server = readyServer({ limits: { maximumChannels: 2 } });
    const closeOne = () => {
      const { channelId } = server.create('URBDRC', 0);
      feed(server, { name: 'DYNVC_CREATE_RSP', channelId, creationStatus: 0 });
      server.close(channelId);
      return channelId;
    };
    const ids = [closeOne(), closeOne(), closeOne(), closeOne()];
    expect(ids).to.deep.equal([1, 2, 3, 4]);
    expect(ids.map((id) => server.channelState(id))).to.deep.equal(['closed', 'closing', 'closing', 'closing']);
  });

  it('ignores closes and data for ids that it does not know', () => {
    const server = openServer();
    expect(errorOf(feed(server, '4007'), 'ignored')).to.contain('DYNVC_CLOSE in state closed');
    expect(errorOf(feed(server, '3007 aa'), 'ignored')).to.contain('DYNVC_DATA in state closed');
    expect(errorOf(feed(server, '2407 ffff aa'), 'ignored')).to.contain('channel 7 is not open');
  });

  it('ignores an answer to a Soft-Sync that it did not request', () => {
    expect(errorOf(feed(openServer(), '9000 00000000'), 'ignored')).to.contain('DYNVC_SOFT_SYNC_RESPONSE');
  });
});

describe('DynamicChannelServer, faults (3.1.5.2.4)', () => {
  for (const [name, hex] of [
    ['no byte', ''],
    ['an unknown command', 'a001'],
    ['cbId 3', '3301 aa'],
    ['Len 3', '2c01 03 aa'],
    ['half an id', '3200 00'],
    ['half a length', '2801 0000'],
    ['half a creation status', '1001 0000'],
    ['a message that only servers send', '8000 08000000 0100 0000'],
  ] as const) {
    it(`fails for ${name}, and hears nothing more`, () => {
      const server = openServer(2);
      feed(server, '2401 ffff aa');
      expect(server.reassemblyBytes).to.be.greaterThan(0);
      errorOf(feed(server, hex), 'failed');
      expect(server.state).to.equal('failed');
      expect(server.channelState(2)).to.equal('closed');
      expect(server.reassemblyBytes).to.equal(0);
      expect(feed(server, '3002 aa')).to.deep.equal({ events: [], outgoing: [] });
      expect(() => server.create('URBDRC', 0)).to.throw(UsageError, 'failed');
    });
  }

  it('reads leniently: bytes after the last field mean nothing', () => {
    expect(feed(openServer(), '4001 ffff').events[0]).to.deep.equal({ type: 'closed', channelId: 1, by: 'peer' });
  });
});
