import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { UsageError } from '../../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DomainMcsPdu, domainMcsPduSpec } from '../../../codecs/rdp/mcsDomain.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { RdpDeframer } from '../../../src/rdp/rdpDeframer.ts';
import { formatRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { type Deframer, StreamTransport } from '../../../transports/stream.ts';
import { CONNECTION_REQUEST, DRDYNVC_CHANNEL, INSIDE_TLS, mcs, sent } from './capturedClient.ts';

const X224_DATA_SIZE = 3;
const NAME = 'SEND_DATA_INDICATION';

/** What the server sends on drdynvc. */
class ChannelDeframer implements Deframer {
  readonly #deframer = new RdpDeframer();

  get isInsideFrame(): boolean {
    return this.#deframer.isInsidePacket;
  }

  push(chunk: Uint8Array): void {
    this.#deframer.push(chunk);
  }

  next(): Uint8Array | undefined {
    for (let packet = this.#deframer.next(); packet !== undefined; packet = this.#deframer.next()) {
      // Connect-Response, which is BER, comes before any channel.
      if (packet.payload[X224_DATA_SIZE] === 0x7f) continue;
      const pdu = DomainMcsPdu.decode(
        new Reader(packet.payload.subarray(X224_DATA_SIZE), NAME, domainMcsPduSpec(NAME)),
      );
      if (pdu.name === NAME && pdu.channelId === DRDYNVC_CHANNEL) return pdu.userData;
    }
    return undefined;
  }
}

/** The other end of an RDP transport: says what FreeRDP said until its channels stood, then carries frames on drdynvc. */
export async function dialRdp(port: number): Promise<{ transport: Transport; sever: () => void }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(CONNECTION_REQUEST);
  await once(socket, 'data');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  for (const packet of INSIDE_TLS) secure.write(packet);
  const deframer = new ChannelDeframer();
  const transport = new StreamTransport(secure, {
    remote: formatRdpUrl({ host: '127.0.0.1', port }),
    deframer,
    join,
    lastBytes: () => mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 }),
  });
  return { transport, sever: () => socket.resetAndDestroy() };
}

function join(frames: readonly Parts[]): Uint8Array {
  const sizes = frames.map((frame) => frame.reduce((sum, { byteLength }) => sum + byteLength, 0));
  const wrong = sizes.find((size) => size < 8 || size > 16383);
  if (wrong !== undefined) throw new UsageError(`a frame has 8 to 16383 bytes, not ${wrong}`);
  return joinParts(frames.map((frame) => sent(DRDYNVC_CHANNEL, joinParts(frame))));
}
