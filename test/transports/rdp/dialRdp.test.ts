import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { SecurityProtocol } from '../../../codecs/rdp/x224.ts';
import { TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { dialRdp } from '../../../transports/rdp/dialRdp.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { failureOf } from '../listening.ts';
import { type NlaPeer, NlaServer } from './nlaServer.ts';

const CHUNK = fromHex('04000000 03000000 50000300');
/** Chunks before the activation that are kept. */
const MOST_EARLY = 64;

describe('dialRdp', () => {
  let server: NlaServer;
  afterEach(() => server.close());

  const dialled = async (script: (peer: NlaPeer) => Promise<void>) => {
    server = await NlaServer.open(script);
    const credentials = { userName: '', domain: '', password: '' };
    const options = { credentials, insecure: true, clock: new VirtualClock() };
    return dialRdp({ host: '127.0.0.1', port: server.port }, options);
  };

  /** Admits the client after so many chunks. */
  const sendEarly = (count: number) => async (peer: NlaPeer) => {
    await peer.negotiate(SecurityProtocol.PROTOCOL_SSL);
    await peer.untilCredentials();
    const chunk = (_: unknown, index: number) => peer.connection.channelPacket('drdynvc', [CHUNK.with(0, index)]);
    await peer.admit(Array.from({ length: count }, chunk));
  };

  it(`keeps ${MOST_EARLY} chunks that come before the activation, in order, until somebody takes them`, async () => {
    const end = new TransportEnd(await dialled(sendEarly(MOST_EARLY)));
    await end.untilFrames(MOST_EARLY);
    expect(end.frames).to.deep.equal(Array.from({ length: MOST_EARLY }, (_, index) => CHUNK.with(0, index)));
    await end.transport.close();
  });

  it('keeps no more of them', async () => {
    const { message } = await failureOf(dialled(sendEarly(MOST_EARLY + 1)));
    expect(message).to.include('sends on its channels and does not finish the activation');
  });
});
