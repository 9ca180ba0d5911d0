import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { DynamicChannelClient } from '../../src/channels/dynamicChannelClient.ts';
import type { DynamicChannelEvent } from '../../src/channels/dynamicChannelOptions.ts';
import { DynamicChannelServer } from '../../src/channels/dynamicChannelServer.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';

type Direction = 's2c' | 'c2s';

function lines<T>(file: string): T[] {
  const path = new URL(`../../test-vectors/dvc/captures/freerdp-2.11.7-storage.${file}.jsonl`, import.meta.url);
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** Static chunks of a FreeRDP 2.11.7 that redirects a USB stick, and the messages that they were known to carry. */
const CHUNKS = lines<{ dir?: Direction; hex?: string }>('drdynvc');
const MESSAGES = lines<{ dir: Direction; channel: number; length: number; sha256: string }>('messages');

function chunksOf(direction: Direction): Uint8Array[] {
  return CHUNKS.flatMap(({ dir, hex }) => (dir === direction && hex !== undefined ? [fromHex(hex)] : []));
}

function digests(events: readonly DynamicChannelEvent[]) {
  return events.flatMap((event) =>
    event.type === 'message'
      ? [
          {
            channel: event.channelId,
            length: event.payload.length,
            sha256: createHash('sha256').update(event.payload).digest('hex').slice(0, 16),
          },
        ]
      : [],
  );
}

function expected(direction: Direction) {
  return MESSAGES.filter(({ dir }) => dir === direction).map(({ channel, length, sha256 }) => ({
    channel,
    length,
    sha256,
  }));
}

/** Every chunk through a static channel. */
function pdus(chunks: readonly Uint8Array[]): Uint8Array[] {
  const channel = new StaticChannel();
  return chunks.flatMap((chunk) => {
    const { messages, error } = channel.receive(chunk);
    expect(error).to.equal(undefined);
    return [...messages];
  });
}

describe('replay of a capture: FreeRDP 2.11.7 and a USB stick', () => {
  it('the server gets every message of the client', () => {
    const server = new DynamicChannelServer({ version: 1 });
    server.start(0);
    const events: DynamicChannelEvent[] = [];
    for (const pdu of pdus(chunksOf('c2s'))) {
      // The capture's channels are 3 and 4; two creates before them are refused to get there.
      const step = server.receive(pdu);
      events.push(...step.events);
      if (step.events.some(({ type }) => type === 'ready')) openUpTo(server, 2);
      if (step.events.some((event) => event.type === 'ready' || event.type === 'opened')) server.create('URBDRC', 0);
      if (events.filter(({ type }) => type === 'message').length === expected('c2s').length) closeOnce(server, 4);
    }
    expect(digests(events)).to.deep.equal(expected('c2s'));
    expect(events.filter(({ type }) => type === 'opened').length).to.equal(2);
    expect(events.map(({ type }) => type)).not.to.include('failed');
    expect(server.channelState(4)).to.equal('closed');
  });

  it('the client gets every message of the server, and answers like FreeRDP', () => {
    const client = new DynamicChannelClient({ listeners: () => true });
    client.start(0);
    const steps = pdus(chunksOf('s2c')).map((pdu) => client.receive(pdu));
    expect(digests(steps.flatMap(({ events }) => events))).to.deep.equal(expected('s2c'));
    expect(steps.flatMap(({ outgoing }) => outgoing.map((parts) => toHex(joinParts(parts))))).to.deep.equal([
      '50000100',
      '100300000000',
      '100400000000',
      '4004',
    ]);
  });

  it('we cut the messages of the server into the bytes that were captured', () => {
    // The capture's server filled its PDUs as the specification wants, so ours must be the same bytes.
    const client = new DynamicChannelClient({ listeners: () => true });
    const data = pdus(chunksOf('s2c')).filter((pdu) => [2, 3].includes(pdu[0]! >> 4));
    const again = pdus(chunksOf('s2c')).flatMap((pdu) =>
      client
        .receive(pdu)
        .events.flatMap((event) => (event.type === 'message' ? client.send(event.channelId, [event.payload]) : [])),
    );
    expect(again.map((parts) => toHex(joinParts(parts)))).to.deep.equal(data.map(toHex));
  });
});

function openUpTo(server: DynamicChannelServer, last: number): void {
  for (let id = 1; id <= last; id++) {
    const { channelId } = server.create('URBDRC', 0);
    expect(channelId).to.equal(id);
    server.receive(fromHex(`10${toHex(Uint8Array.of(id))}010000c0`));
  }
}

function closeOnce(server: DynamicChannelServer, channelId: number): void {
  if (server.channelState(channelId) === 'open') server.close(channelId);
}
