import { expect } from 'chai';
import { joinParts } from '../../codecs/core/parts.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { Drdynvc } from '../../src/channels/drdynvc.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { Transport, TransportHandler } from '../../src/ports/transport.ts';
import { memoryPair } from '../../transports/memory.ts';
import { FakeClient } from './fakePeer.ts';
import { turns } from './stack.ts';

/** Malformed messages that a client floods a server with. */
const FLOOD = 5000;
/** Of them may be handled before another connection has its turn. */
const OF_A_TURN = 150;

/** A server that counts what it drops, and a client with a control channel. */
async function connected() {
  const [near, far] = memoryPair();
  const seen = { ignored: 0 };
  const server = new RedirectionServer(far, {
    onIgnored: () => {
      seen.ignored += 1;
    },
  });
  const client = new FakeClient(near);
  const control = await client.open(1);
  await turns();
  expect(seen.ignored).to.equal(0);
  return { server, client, control, seen };
}

describe('a client that floods a server', () => {
  it('is handled a little at a time: another client is answered meanwhile', async () => {
    const flooder = await connected();
    const other = await connected();
    for (let count = 0; count < FLOOD; count += 1) flooder.client.send(flooder.control, Uint8Array.of(1, 2, 3));
    other.client.requestChannel(other.control);
    const served: number[] = [];
    for (let turn = 0; turn < 1000 && flooder.seen.ignored < FLOOD; turn += 1) {
      const before = flooder.seen.ignored;
      await turns(1);
      if (other.client.opened.length > 1 && served.length === 0) served.push(flooder.seen.ignored);
      expect(flooder.seen.ignored - before).to.be.at.most(2 * OF_A_TURN);
    }
    expect(served[0]).to.be.lessThan(FLOOD / 2);
    expect(flooder.seen.ignored).to.equal(FLOOD);
    await Promise.all([flooder.server.close(), other.server.close()]);
  });

  it('is read on in a later turn, unless the connection is over by then', async () => {
    const transport = new CountingTransport();
    const server = new RedirectionServer(transport);
    const frames = new Drdynvc({ role: 'client', listeners: () => true }).sendPdus(
      Array.from({ length: OF_A_TURN }, () =>
        encodeDvcPdu({ name: 'DYNVC_DATA', channelId: 9, data: Uint8Array.of(1) }),
      ),
    );
    const deliver = () => frames.forEach((frame) => transport.handler?.received(joinParts(frame)));
    deliver();
    expect(transport.log).to.deep.equal(['pause']);
    await turns(2);
    expect(transport.log).to.deep.equal(['pause', 'resume']);
    deliver();
    const closed = server.close();
    await turns(2);
    await closed;
    expect(transport.log).to.deep.equal(['pause', 'resume', 'pause', 'close']);
  });
});

class CountingTransport implements Transport {
  readonly remote = 'counting';
  readonly log: string[] = [];
  handler: TransportHandler | undefined;

  start(handler: TransportHandler): void {
    this.handler = handler;
  }

  send(): boolean {
    return true;
  }

  pause(): void {
    this.log.push('pause');
  }

  resume(): void {
    this.log.push('resume');
  }

  close(): Promise<void> {
    this.log.push('close');
    return Promise.resolve();
  }
}
