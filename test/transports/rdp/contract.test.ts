import { expect } from 'chai';
import type { Transport } from '../../../src/ports/transport.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import { listenRdp } from '../../../transports/rdp/listenRdp.ts';
import { parseRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { type Connection, transportContract } from '../contract.ts';
import { dialRdp } from './clientTransport.ts';

/** What one MCS PDU carries. */
const LARGEST_FRAME = 16383;
const identity = makeIdentity('127.0.0.1');

async function connected(): Promise<{
  server: Transport;
  client: Transport;
  sever: () => void;
  release: () => Promise<void>;
}> {
  const { certificate, key } = await identity;
  let accept: (transport: Transport) => void;
  const accepted = new Promise<Transport>((resolve) => (accept = resolve));
  const listener = await listenRdp('rdp://127.0.0.1:0', { cert: certificate, key }, (transport) => accept(transport));
  const { transport: client, sever } = await dialRdp(parseRdpUrl(listener.url).port);
  return { server: await accepted, client, sever, release: () => listener.close() };
}

describe('the RDP transport, as any other', () => {
  it('says that it has chunks of 1600 bytes and their header, as RDP has', async () => {
    const { server, client, release } = await connected();
    expect(server.maximumFrame).to.equal(1608);
    await Promise.all([client.close(), server.close()]);
    await release();
  });

  describe('from the client to the server', () => {
    transportContract(
      async (): Promise<Connection> => {
        const { client, server, release } = await connected();
        return { left: client, right: server, release };
      },
      { canFail: false, largestFrame: LARGEST_FRAME },
    );
  });

  describe('from the server to the client', () => {
    transportContract(
      async (): Promise<Connection> => {
        const { client, server, sever, release } = await connected();
        return { left: server, right: client, sever, release };
      },
      { canFail: true, largestFrame: LARGEST_FRAME },
    );
  });
});
