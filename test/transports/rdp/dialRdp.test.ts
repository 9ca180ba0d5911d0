import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { PduType2, SetErrorInfoPdu } from '../../../codecs/rdp/shareData.ts';
import { SecurityProtocol } from '../../../codecs/rdp/x224.ts';
import { TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { dataPacket } from '../../../src/rdp/rdpPacket.ts';
import { dialRdp } from '../../../transports/rdp/dialRdp.ts';
import { TransportError } from '../../../transports/transportError.ts';
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

  /** The end of a session whose server sends these reasons, and then leaves without an ultimatum. */
  const endAfter = async (reasons: readonly number[], leave: (peer: NlaPeer) => void) => {
    let leaves = () => {};
    const end = new TransportEnd(
      await dialled(async (peer) => {
        await sendEarly(0)(peer);
        for (const errorInfo of reasons) {
          peer.send(...dataPacket(PduType2.PDUTYPE2_SET_ERROR_INFO_PDU, SetErrorInfoPdu.encode({ errorInfo })));
        }
        peer.send(...peer.connection.channelPacket('drdynvc', [CHUNK]));
        leaves = () => leave(peer);
      }),
    );
    await end.untilFrames(1);
    leaves();
    const error = await end.untilClosed();
    return error && { code: error instanceof TransportError && error.code, message: error.message };
  };
  /** ERRINFO_IDLE_TIMEOUT. */
  const IDLE = 0x03;
  const closes = (peer: NlaPeer) => peer.close();
  const reset = (peer: NlaPeer) => peer.reset();

  for (const [what, leave] of [
    ['closes', closes],
    ['resets the connection', reset],
  ] as const) {
    it(`tells at the end why a server ended the session that just ${what} ([MS-RDPBCGR] 2.2.5.1)`, async () => {
      const end = await endAfter([IDLE], leave);
      const message = `rdp://127.0.0.1:${server.port}: the session was idle for longer than the server allows`;
      expect(end).to.deep.equal({ code: 'SESSION_ENDED', message });
    });
  }

  it('forgets a reason that the server takes back', async () => {
    expect(await endAfter([IDLE, 0], closes)).to.equal(undefined);
    server.close();
    expect(await endAfter([IDLE, 0], reset)).to.have.property('code', 'CONNECTION_LOST');
  });
});
