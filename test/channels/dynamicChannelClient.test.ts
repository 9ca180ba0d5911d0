import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { DynamicChannelClient } from '../../src/channels/dynamicChannelClient.ts';
import { errorOf, feed, hexOf, openClient, plain, readyClient } from './dynamicChannelPeers.ts';

const listeners = (name: string) => name === 'URBDRC';

describe('DynamicChannelClient, capabilities (3.2.5.1)', () => {
  for (const [request, version, answer] of [
    ['50000100', 1, '50000100'],
    ['58000200333311113d0aa704', 2, '50000200'],
    ['500003000000000000000000', 3, '50000300'],
    ['500004000000000000000000', 3, '50000300'],
    ['5caa0100', 1, '50000100'],
  ] as const) {
    it(`answers ${request} with version ${version}`, () => {
      const client = new DynamicChannelClient({ listeners });
      expect(client.start(0)).to.deep.include({ outgoing: [], events: [] });
      expect(feed(client, request)).to.deep.equal({ events: [{ type: 'ready', version }], outgoing: [answer] });
      expect(client.version).to.equal(version);
      expect(client.nextTimeout()).to.equal(undefined);
      expect(client.handleTimeout(1e9).events).to.deep.equal([]);
    });
  }

  it('answers no higher than it is told to', () => {
    const client = new DynamicChannelClient({ listeners, version: 2 });
    expect(feed(client, '500003000000000000000000').outgoing).to.deep.equal(['50000200']);
  });

  it('answers capabilities that come again, and keeps its channels', () => {
    const client = openClient();
    expect(feed(client, '50000100')).to.deep.equal({ events: [], outgoing: ['50000100'] });
    expect(client.version).to.equal(3);
    expect(client.channelState(1)).to.equal('open');
  });

  it('takes a create request before the capabilities, with an answer that was not asked for, as FreeRDP does', () => {
    const client = new DynamicChannelClient({ listeners });
    expect(feed(client, '1003 55524244524300')).to.deep.equal({
      events: [
        { type: 'ready', version: 3 },
        { type: 'opened', channelId: 3, channelName: 'URBDRC' },
      ],
      outgoing: ['50000300', '100300000000'],
    });
  });

  it('fails for version 0', () => {
    errorOf(feed(new DynamicChannelClient({ listeners }), '50000000'), 'failed');
  });
});

describe('DynamicChannelClient, create (3.2.5.2)', () => {
  it('refuses a name that nobody listens to, and the id can be used again', () => {
    const client = readyClient();
    expect(feed(client, '1007 41424300')).to.deep.equal({
      events: [{ type: 'refused', channelId: 7, channelName: 'ABC', creationStatus: 0xc0000225 | 0 }],
      outgoing: ['1007250200c0'],
    });
    expect(client.channelState(7)).to.equal('closed');
    expect(feed(client, '1007 55524244524300').outgoing).to.deep.equal(['100700000000']);
  });

  it('accepts ids in any width and answers in the smallest', () => {
    expect(feed(readyClient(), '1207000000 55524244524300').outgoing).to.deep.equal(['100700000000']);
    expect(feed(readyClient(), '190003 55524244524300').outgoing).to.deep.equal(['11000300000000']);
  });

  it('refuses more channels than it may have, and names that are too long', () => {
    const client = openClient([1, 2], { limits: { maximumChannels: 2, maximumNameLength: 6 } });
    expect(feed(client, '1003 55524244524300').outgoing).to.deep.equal(['1003170000c0']);
    const any = readyClient({ listeners: () => true, limits: { maximumNameLength: 6 } });
    expect(feed(any, '1003 5552424452434300').outgoing).to.deep.equal(['1003250200c0']);
  });

  it('closes a channel whose id is created a second time', () => {
    const client = openClient();
    const step = feed(client, '1001 55524244524300');
    expect(errorOf(step, 'closed')).to.contain('channel 1 is in use');
    expect(step.outgoing).to.deep.equal(['4001']);
    expect(client.channelState(1)).to.equal('closed');
  });

  it('ignores data and closes for ids that it does not know', () => {
    const client = readyClient();
    expect(errorOf(feed(client, '3007 aa'), 'ignored')).to.contain('DYNVC_DATA in state closed');
    const step = feed(client, '4007');
    expect(errorOf(step, 'ignored')).to.contain('DYNVC_CLOSE in state closed');
    expect(step.outgoing).to.deep.equal([]);
  });
});

describe('DynamicChannelClient, close (3.2.5.2)', () => {
  it('answers the close of the server, which may use the id again', () => {
    const client = openClient();
    expect(feed(client, '4001')).to.deep.equal({
      events: [{ type: 'closed', channelId: 1, by: 'peer' }],
      outgoing: ['4001'],
    });
    expect(feed(client, '1001 55524244524300').outgoing).to.deep.equal(['100100000000']);
  });

  it('closes by itself without waiting for an answer; crossing closes are ignored', () => {
    const client = openClient();
    const step = client.close(1);
    expect(hexOf(step.outgoing)).to.deep.equal(['4001']);
    expect(step.events.map(plain)).to.deep.equal([{ type: 'closed', channelId: 1, by: 'us' }]);
    expect(client.channelState(1)).to.equal('closed');
    expect(feed(client, '4001').outgoing).to.deep.equal([]);
    expect(() => client.close(1)).to.throw(UsageError, 'closed already');
  });
});

describe('DynamicChannelClient, Soft-Sync (3.2.5.3)', () => {
  it('answers that it switches no tunnel', () => {
    for (const request of ['8000 08000000 0100 0000', '8000 12000000 0300 0100 01000000 0100 01000000']) {
      const client = openClient();
      expect(feed(client, request)).to.deep.equal({ events: [], outgoing: ['900000000000'] });
      expect(client.channelState(1)).to.equal('open');
    }
  });

  it('ignores it before the capabilities', () => {
    const client = new DynamicChannelClient({ listeners });
    expect(errorOf(feed(client, '8000 08000000 0100 0000'), 'ignored')).to.contain('before the capabilities');
  });
});
