import { expect } from 'chai';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { DynamicChannelClient, type DynamicChannelClientOptions } from '../../src/channels/dynamicChannelClient.ts';
import type { DynamicChannelEvent } from '../../src/channels/dynamicChannelOptions.ts';
import type { DynamicChannels } from '../../src/channels/dynamicChannels.ts';
import { DynamicChannelServer, type DynamicChannelServerOptions } from '../../src/channels/dynamicChannelServer.ts';

/** An event as tests compare it: payloads as hex, errors as their text. */
export type PlainEvent = Readonly<Record<string, unknown>>;

export function plain(event: DynamicChannelEvent): PlainEvent {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]: [string, unknown]) => {
      if (value instanceof Uint8Array) return [key, toHex(value)];
      return [key, value instanceof Error ? value.message : value];
    }),
  );
}

/** What one input gave: events, and PDUs as hex. */
export interface PlainStep {
  readonly events: readonly PlainEvent[];
  readonly outgoing: readonly string[];
}

/** Feeds a PDU, given as a value or as hex with spaces, and returns what came of it. */
export function feed(channels: DynamicChannels, pdu: DvcPdu | string): PlainStep {
  const bytes = typeof pdu === 'string' ? fromHex(pdu) : joinParts(encodeDvcPdu(pdu));
  const { events, outgoing } = channels.receive(bytes);
  return { events: events.map(plain), outgoing: hexOf(outgoing) };
}

export function hexOf(pdus: readonly Parts[]): string[] {
  return pdus.map((parts) => toHex(joinParts(parts)));
}

/** The text of the only event's error, which must be of this type. */
export function errorOf({ events }: PlainStep, type: string): string {
  expect(events.map((event) => event['type'])).to.deep.equal([type]);
  return String(events[0]?.['error']);
}

/** A server whose capabilities were answered. */
export function readyServer(options: DynamicChannelServerOptions = {}, version = 3): DynamicChannelServer {
  const server = new DynamicChannelServer(options);
  server.start(0);
  const { events } = feed(server, { name: 'DYNVC_CAPS_RSP', version });
  expect(events[0]?.['type']).to.equal('ready');
  return server;
}

/** A server with channels 1 to `count` open. */
export function openServer(count = 1, options: DynamicChannelServerOptions = {}): DynamicChannelServer {
  const server = readyServer(options);
  for (let index = 0; index < count; index++) {
    const { channelId } = server.create('URBDRC', 0);
    feed(server, { name: 'DYNVC_CREATE_RSP', channelId, creationStatus: 0 });
  }
  return server;
}

/** A client that got version 3 capabilities. */
export function readyClient(options: Partial<DynamicChannelClientOptions> = {}): DynamicChannelClient {
  const client = new DynamicChannelClient({ listeners: (name) => name === 'URBDRC', ...options });
  client.start(0);
  feed(client, '50000300 0000000000000000');
  expect(client.state).to.equal('ready');
  return client;
}

/** A client with these channels open. */
export function openClient(ids: readonly number[] = [1], options: Partial<DynamicChannelClientOptions> = {}) {
  const client = readyClient(options);
  for (const channelId of ids) {
    feed(client, { name: 'DYNVC_CREATE_REQ', channelId, priority: 0, channelName: 'URBDRC' });
    expect(client.channelState(channelId)).to.equal('open');
  }
  return client;
}
