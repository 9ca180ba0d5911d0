import { expect } from 'chai';
import fc from 'fast-check';
import { joinParts } from '../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { DynamicChannelClient } from '../../src/channels/dynamicChannelClient.ts';
import { DynamicChannelServer } from '../../src/channels/dynamicChannelServer.ts';

const limits = {
  maximumMessageSize: 20_000,
  maximumReassemblyBytes: 50_000,
  maximumChannels: 4,
  maximumPendingCreates: 3,
};

const channelId = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constantFrom(0, 300, 70_000));
const data = fc.uint8Array({ maxLength: 40 });
const compressed = fc.oneof(
  data.map((bytes) => Uint8Array.from([0xe0, 0x06, ...bytes])),
  data.map((bytes) => Uint8Array.from([0xe0, 0x26, ...bytes, 0])),
  data,
);
const length = fc.oneof(fc.nat(100), fc.constantFrom(19_999, 20_000, 20_001, 0xffffffff));
const priorityCharges = { priorityCharge0: 0, priorityCharge1: 0, priorityCharge2: 0, priorityCharge3: 0 };

const either: fc.Arbitrary<DvcPdu>[] = [
  fc.record({ name: fc.constant('DYNVC_DATA' as const), channelId, data }),
  fc.record({ name: fc.constant('DYNVC_DATA_FIRST' as const), channelId, length, data }),
  fc.record({ name: fc.constant('DYNVC_DATA_COMPRESSED' as const), channelId, data: compressed }),
  fc.record({ name: fc.constant('DYNVC_DATA_FIRST_COMPRESSED' as const), channelId, length, data: compressed }),
  fc.record({ name: fc.constant('DYNVC_CLOSE' as const), channelId }),
];
const fromServer = fc.oneof(
  ...either,
  fc.record({
    name: fc.constant('DYNVC_CREATE_REQ' as const),
    channelId,
    priority: fc.nat(3),
    channelName: fc.constantFrom('URBDRC', 'OTHER', ''),
  }),
  fc.constantFrom<DvcPdu>(
    { name: 'DYNVC_CAPS_VERSION1' },
    { name: 'DYNVC_CAPS_VERSION3', version: 3, ...priorityCharges },
    { name: 'DYNVC_SOFT_SYNC_REQUEST', flags: 1, numberOfTunnels: 0, softSyncChannelLists: [] },
  ),
);
const fromClient = fc.oneof(
  ...either,
  fc.record({ name: fc.constant('DYNVC_CREATE_RSP' as const), channelId, creationStatus: fc.constantFrom(0, 1, -1) }),
  fc.constantFrom<DvcPdu>(
    { name: 'DYNVC_CAPS_RSP', version: 1 },
    { name: 'DYNVC_CAPS_RSP', version: 3 },
    { name: 'DYNVC_SOFT_SYNC_RESPONSE', tunnelsToSwitch: [] },
  ),
);

/** PDUs of the peer, now and then damaged. */
function bytesOf(pdus: fc.Arbitrary<DvcPdu>): fc.Arbitrary<Uint8Array> {
  const whole = pdus.map((pdu) => joinParts(encodeDvcPdu(pdu)));
  const damaged = fc.tuple(whole, fc.nat(60), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Uint8Array.from(bytes);
    if (at < copy.length) copy[at] = value;
    return copy;
  });
  return fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 1, arbitrary: damaged },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
  );
}

/** What the caller knows of channels, from the events alone. */
class Model {
  readonly open = new Set<number>();

  apply(events: ReturnType<DynamicChannelServer['receive']>['events']): void {
    for (const event of events) {
      switch (event.type) {
        case 'opened':
          expect(this.open.has(event.channelId), 'opened twice').to.equal(false);
          this.open.add(event.channelId);
          break;
        case 'message':
          expect(this.open.has(event.channelId), 'message on a channel that is not open').to.equal(true);
          expect(event.payload.length).to.be.at.most(limits.maximumMessageSize);
          break;
        case 'closed':
          this.open.delete(event.channelId);
          break;
        case 'failed':
          this.open.clear();
          break;
        case 'ready':
        case 'refused':
        case 'ignored':
          break;
      }
    }
  }
}

describe('dynamic channels and a peer that sends anything', () => {
  it('client: never throws, keeps its limits, and its events tell which channels are open', () => {
    fc.assert(
      fc.property(fc.array(bytesOf(fromServer), { maxLength: 80 }), (inputs) => {
        const client = new DynamicChannelClient({ listeners: (name) => name === 'URBDRC', limits });
        const model = new Model();
        for (const input of inputs) {
          const { events, outgoing } = client.receive(input);
          model.apply(events);
          expect(outgoing.length).to.be.at.most(2);
          expect(client.reassemblyBytes).to.be.at.most(limits.maximumReassemblyBytes);
          expect(model.open.size).to.be.at.most(limits.maximumChannels);
          for (const id of model.open) expect(client.channelState(id)).to.equal('open');
        }
      }),
      { numRuns: 400 },
    );
  });

  it('server: never throws whatever the client sends and the caller does', () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: bytesOf(fromClient) },
      fc.constantFrom('create' as const, 'close' as const, 'send' as const, 'release' as const),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
        const server = new DynamicChannelServer({ limits });
        const model = new Model();
        server.start(0);
        model.apply(server.receive(joinParts(encodeDvcPdu({ name: 'DYNVC_CAPS_RSP', version: 3 }))).events);
        for (const each of acts) {
          const [some] = model.open;
          if (each instanceof Uint8Array) model.apply(server.receive(each).events);
          else if (each === 'create' && server.canCreate)
            expect(server.create('URBDRC', 0).outgoing.length).to.equal(1);
          else if (each === 'close' && some !== undefined) model.apply(server.close(some).events);
          else if (each === 'send' && some !== undefined) server.send(some, [new Uint8Array(2000)]);
          else if (each === 'release') server.releaseClosed(1);
          expect(server.reassemblyBytes).to.be.at.most(limits.maximumReassemblyBytes);
          for (const id of model.open) expect(server.channelState(id)).to.equal('open');
        }
      }),
      { numRuns: 400 },
    );
  });
});
