import { expect } from 'chai';
import { joinParts } from '../../codecs/core/parts.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import type { DynamicChannelClient } from '../../src/channels/dynamicChannelClient.ts';
import { MessageMemory } from '../../src/channels/reassemblyBudget.ts';
import { openClient } from './dynamicChannelPeers.ts';

const KIB = 1024;
/** Allocated for a message at first. */
const FIRST = 128 * KIB;

/** Several connections with channels 1 and 2 that share memory for so many messages that have just begun. */
function connections(count: number, messages: number) {
  const messageMemory = new MessageMemory(messages * FIRST);
  const clients = Array.from({ length: count }, () => openClient([1, 2], { messageMemory }));
  return { messageMemory, clients };
}

/** The types of the events, and the texts of errors. */
function receive(client: DynamicChannelClient, pdu: Parameters<typeof encodeDvcPdu>[0]): string[] {
  const { events } = client.receive(joinParts(encodeDvcPdu(pdu)));
  return events.map((event) => ('error' in event ? `${event.type}: ${event.error.message}` : event.type));
}

const first = (channelId: number, length = 1000 * KIB) =>
  ({ name: 'DYNVC_DATA_FIRST', channelId, length, data: new Uint8Array(1000) }) as const;
const next = (channelId: number, size: number) =>
  ({ name: 'DYNVC_DATA', channelId, data: new Uint8Array(size) }) as const;

describe('memory for unfinished messages that connections share', () => {
  it('is free again when the message is complete, its channel is closed or its connection is over', () => {
    const { messageMemory, clients } = connections(3, 10);
    const [a, b, c] = clients;
    for (const client of clients) receive(client, first(1, 2000));
    expect(messageMemory.used).to.equal(3 * 2000);
    expect(receive(a!, next(1, 1000))).to.deep.equal(['message']);
    expect(messageMemory.used).to.equal(2 * 2000);
    b!.close(1);
    expect(messageMemory.used).to.equal(2000);
    c!.dispose();
    expect(messageMemory.used).to.equal(0);
  });

  it('a connection that would have the most of it loses its own channel, and no other', () => {
    const { messageMemory, clients } = connections(2, 3);
    const [greedy, modest] = clients;
    receive(modest!, first(1));
    receive(greedy!, first(1));
    receive(greedy!, first(2));
    const [fault, ...others] = receive(greedy!, next(2, FIRST));
    expect(others).to.deep.equal([]);
    expect(fault).to.contain(
      'closed: DYNVC_DATA.Data: unfinished messages of all connections take 393216 of 393216 bytes',
    );
    expect(greedy!.channelState(2)).to.equal('closed');
    expect([greedy!.channelState(1), modest!.channelState(1)]).to.deep.equal(['open', 'open']);
    expect(messageMemory.used).to.equal(2 * FIRST);
  });

  it('a connection gets its share even when another one has taken all, which loses its largest message', () => {
    const { messageMemory, clients } = connections(2, 3);
    const [greedy, modest] = clients;
    receive(greedy!, first(1));
    receive(greedy!, first(2));
    receive(greedy!, next(2, FIRST - 1000));
    expect(messageMemory.used).to.equal(2 * FIRST);
    receive(greedy!, next(2, 1));
    expect(messageMemory.used).to.equal(3 * FIRST);
    expect(receive(modest!, first(1, FIRST))).to.deep.equal([]);
    expect(messageMemory.used).to.equal(2 * FIRST);
    expect(receive(modest!, next(1, FIRST - 1000))).to.deep.equal(['message']);
    const [fault] = receive(greedy!, next(2, 1));
    expect(fault).to.contain('most of them this one: 393216');
    expect([greedy!.channelState(1), greedy!.channelState(2)]).to.deep.equal(['open', 'closed']);
    expect(receive(greedy!, next(1, 10))).to.deep.equal([]);
  });

  it('of twenty connections those that stay within their share lose nothing, however much the others begin', () => {
    const { messageMemory, clients } = connections(20, 40);
    const modest = clients.slice(10);
    for (let round = 0; round < 300; round += 1) {
      for (const client of clients) {
        const isModest = modest.includes(client);
        for (const channelId of isModest ? [1] : [1, 2]) {
          if (client.channelState(channelId) !== 'open' || (isModest && round > 70)) continue;
          receive(client, round === 0 ? first(channelId, 17 * KIB * KIB) : next(channelId, 1590));
          expect(messageMemory.used).to.be.at.most(messageMemory.maximum);
        }
      }
    }
    expect(modest.map((client) => client.channelState(1))).to.deep.equal(modest.map(() => 'open'));
    expect(clients.filter((client) => client.channelState(2) === 'closed').length).to.be.above(5);
    for (const client of clients) client.dispose();
    expect(messageMemory.used).to.equal(0);
  });
});
