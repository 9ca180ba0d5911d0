import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { decodeClientMessage, decodeServerMessage, encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import type { ChannelEvent } from '../../../src/urbdrc/session/channelEvent.ts';
import { ClientControlChannel, type ClientControlEvent } from '../../../src/urbdrc/session/client/controlChannel.ts';
import { ServerControlChannel, type ServerControlEvent } from '../../../src/urbdrc/session/server/controlChannel.ts';
import type { Step } from '../../../src/channels/machine.ts';
import { RecognisedPeer } from '../../../src/urbdrc/peers/recognisedPeer.ts';
import { DEFAULT_SESSION_TIMERS } from '../../../src/urbdrc/session/limits.ts';

class ControlPair {
  readonly client = new ClientControlChannel();
  readonly server = new ServerControlChannel();
  readonly events: string[] = [];
  readonly fromServer: Uint8Array[] = [];
  readonly fromClient: Uint8Array[] = [];

  open(): this {
    this.serverStep(this.server.open(0));
    return this.drive();
  }

  serverStep(step: Step<ServerControlEvent | ChannelEvent>): void {
    this.fromServer.push(...step.outgoing.map((parts) => joinParts(parts)));
    this.events.push(...step.events.map((event) => `server ${event.type}`));
  }

  clientStep(step: Step<ClientControlEvent | ChannelEvent>): void {
    this.fromClient.push(...step.outgoing.map((parts) => joinParts(parts)));
    this.events.push(...step.events.map((event) => `client ${event.type}`));
  }

  drive(): this {
    while (this.fromServer.length + this.fromClient.length > 0) {
      for (const bytes of this.fromServer.splice(0)) this.clientStep(this.client.receive(bytes, 0));
      for (const bytes of this.fromClient.splice(0)) this.serverStep(this.server.receive(bytes, 0));
    }
    return this;
  }
}

const forge = (message: Parameters<typeof encodeUrbdrcMessage>[0]) => joinParts(encodeUrbdrcMessage(message));

describe('control channel, both roles (MS-RDPEUSB 3.1.1, 3.2.5.5)', () => {
  it('becomes ready at both ends', () => {
    const pair = new ControlPair().open();
    expect(pair.events).to.deep.equal(['client ready']);
    expect([pair.client.state, pair.server.state]).to.deep.equal(['ready', 'ready']);
  });

  it('asks for one channel a device, also for devices that were there before it was ready (3.3.5.1.1)', () => {
    const pair = new ControlPair();
    pair.clientStep(pair.client.addVirtualChannel());
    pair.clientStep(pair.client.addVirtualChannel());
    expect(pair.fromClient).to.have.length(0);
    pair.open();
    pair.clientStep(pair.client.addVirtualChannel());
    pair.drive();
    expect(pair.events.filter((event) => event === 'server virtualChannelRequested')).to.have.length(3);
  });

  for (const [peer, release] of [
    ['generic', ['RIMCALL_RELEASE']],
    ['mstsc', []],
  ] as const) {
    it(`server sends nothing but the capability request before the response, and CHANNEL_CREATED after it, to ${peer}`, () => {
      const server = new ServerControlChannel(DEFAULT_SESSION_TIMERS, new RecognisedPeer(peer));
      const names = (step: Step<unknown>) => step.outgoing.map((parts) => decodeServerMessage(joinParts(parts)).name);
      expect(names(server.open(0))).to.deep.equal(['RIM_EXCHANGE_CAPABILITY_REQUEST']);
      const response = {
        name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
        interfaceId: 0,
        messageId: 1,
        capabilityValue: 1,
        result: 0,
      } as const;
      expect(names(server.receive(forge(response), 0))).to.deep.equal([
        'RIMCALL_RELEASE',
        'CHANNEL_CREATED',
        ...release,
      ]);
      expect(names(server.receive(forge(response), 0))).to.deep.equal([]);
    });
  }

  for (const wrong of [{ capabilityValue: 2 }, { result: 0x80004005 }]) {
    it(`server closes on a capability response with ${JSON.stringify(wrong)} (3.2.5.5.2)`, () => {
      const server = new ServerControlChannel();
      server.open(0);
      const response = {
        name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
        interfaceId: 0,
        messageId: 1,
        capabilityValue: 1,
        result: 0,
        ...wrong,
      } as const;
      expect(server.receive(forge(response), 0).events.map((event) => event.type)).to.deep.equal(['closeRequired']);
    });
  }

  it('server closes on an unsupported client version and takes no device (3.2.5.2.2)', () => {
    const server = new ServerControlChannel();
    server.open(0);
    server.receive(
      forge({ name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE', interfaceId: 0, messageId: 1, capabilityValue: 1, result: 0 }),
      0,
    );
    const created = {
      name: 'CHANNEL_CREATED',
      interfaceId: 3,
      messageId: 1,
      majorVersion: 2,
      minorVersion: 0,
      capabilities: 0,
    } as const;
    expect(server.receive(forge(created), 0).events.map((event) => event.type)).to.deep.equal(['closeRequired']);
  });

  it('client answers a query for another interface with the failure form (MS-RDPEXPS 3.1.5.2.1.2)', () => {
    const client = new ClientControlChannel();
    const query = {
      name: 'RIMCALL_QUERYINTERFACE',
      interfaceId: 5,
      mask: 'STREAM_ID_PROXY',
      messageId: 9,
      newInterfaceGuid: new Uint8Array(16),
    } as const;
    const [answer] = client.receive(forge(query), 0).outgoing;
    expect(decodeClientMessage(joinParts(answer ?? []), {})).to.deep.equal({
      name: 'QI_RSP',
      interfaceId: 5,
      mask: 'STREAM_ID_STUB',
      messageId: 9,
    });
  });

  it('client answers the capability exchange again at any time, and ignores a second release', () => {
    const pair = new ControlPair().open();
    const request = {
      name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
      interfaceId: 0,
      messageId: 77,
      capabilityValue: 1,
    } as const;
    expect(pair.client.receive(forge(request), 0).outgoing).to.have.length(1);
    const release = { name: 'RIMCALL_RELEASE', interfaceId: 2, mask: 'STREAM_ID_PROXY', messageId: 0 } as const;
    expect(pair.client.receive(forge(release), 0)).to.deep.equal({ outgoing: [], events: [] });
  });

  it('ADD_DEVICE on the control channel and requests to it are dropped (3.1.5)', () => {
    const pair = new ControlPair().open();
    pair.clientStep(pair.client.receive(forge({ name: 'RETRACT_DEVICE', interfaceId: 5, messageId: 0, reason: 1 }), 0));
    expect(pair.events).to.deep.equal(['client ready', 'client ignored']);
  });
});
