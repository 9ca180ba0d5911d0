import { Duplex } from 'node:stream';
import { expect } from 'chai';
import type { Parts } from '../../../codecs/core/parts.ts';
import { RdpDeframer } from '../../../src/rdp/rdpDeframer.ts';
import { tpktPacket } from '../../../src/rdp/rdpPacket.ts';
import { RdpFraming } from '../../../transports/rdp/rdpFraming.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { joinParts } from '../../../codecs/core/parts.ts';

const ANSWER = new Uint8Array(64 * 1024);
/** Answers that wait and come to 1 MiB. */
const MOST_ANSWERS = 16;

describe('RdpFraming', () => {
  /** A peer that asks, and takes answers when `take` is called. */
  function asking() {
    const waiting: (() => void)[] = [];
    const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => waiting.push(done) });
    const connection = {
      received: () => ({ outgoing: [[ANSWER]], events: [] }),
      channelPacket: (_channel: string, chunk: Parts) => chunk,
    };
    const owner = { happened: () => {}, lastPackets: () => [] };
    const framing = new RdpFraming<{ type: 'none' }>(stream, connection, new RdpDeframer(), 'drdynvc', owner);
    const question = joinParts(tpktPacket([Uint8Array.of(2, 0xf0, 0x80)]));
    const ask = () => {
      framing.push(question);
      return framing.next();
    };
    return { stream, ask, take: () => waiting.splice(0).forEach((done) => done()) };
  }

  it('answers a peer that asks again and again until 1 MiB waits for it, and then ends the connection', () => {
    const { stream, ask } = asking();
    for (let count = 0; count <= MOST_ANSWERS; count += 1) expect(ask()).to.equal(undefined);
    expect(ask).to.throw(TransportError, 'does not read the answers').with.property('code', 'PROTOCOL_VIOLATED');
    expect(stream.writableLength).to.equal((MOST_ANSWERS + 1) * ANSWER.byteLength);
  });

  it('answers a peer that reads for ever', async () => {
    const { stream, ask, take } = asking();
    for (let count = 0; count < 4 * MOST_ANSWERS; count += 1) {
      ask();
      while (stream.writableLength > 0) {
        take();
        await Promise.resolve();
      }
    }
    expect(stream.writableLength).to.equal(0);
  });
});
