import { expect } from 'chai';
import { DecodeError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { USBIP_HEADER_SIZE } from '../../../codecs/usbip/header.ts';
import { decodeUsbipMessage } from '../../../codecs/usbip/message.ts';
import { decodeServerReply, serverReplySize } from '../../../codecs/usbip/reply.ts';
import type { SubmittedTransfer, SubmittedUrb } from '../../../codecs/usbip/submit.ts';
import { loadVectors } from '../vectors.ts';

const SEQNUM_OFFSET = 4;
const seqnumOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(SEQNUM_OFFSET);
const vectors = loadVectors('usbip', (folder) => folder === 'USBIP_RET_SUBMIT' || folder === 'USBIP_RET_UNLINK');

/** What was submitted: as much as the reply of a vector needs, or other numbers. */
function submission(context: unknown, isoPacketCount: number, length = 1 << 20): SubmittedUrb {
  const { direction = 'in', isochronous = false } = (context ?? {}) as Partial<SubmittedTransfer>;
  return { direction, isochronous, length, isoPacketCount };
}

/** Number of packets in the head of a reply. */
const packetsOf = (bytes: Uint8Array) => Math.max(0, new DataView(bytes.buffer, bytes.byteOffset).getInt32(32));

describe('replies of a USB/IP server in a stream', () => {
  for (const { name, hex, context, error } of vectors) {
    const bytes = fromHex(hex);
    const isochronous = (context as Partial<SubmittedTransfer> | undefined)?.isochronous === true;
    const submitted = submission(context, isochronous ? packetsOf(bytes) : 0);
    const find = (seqnum: number) => (seqnum === seqnumOf(bytes) ? submitted : undefined);

    if (error === undefined) {
      it(`${name}: the head tells the size, and the reply is what the message is`, () => {
        expect(serverReplySize(bytes.subarray(0, USBIP_HEADER_SIZE), find)).to.equal(bytes.byteLength);
        expect(decodeServerReply(bytes, find)).to.deep.equal(
          decodeUsbipMessage(bytes, context as SubmittedTransfer | undefined),
        );
        expect(() => decodeServerReply(Uint8Array.of(...bytes, 0), find)).to.throw(DecodeError);
      });
    } else {
      it(`${name}: is refused`, () => {
        expect(() => decodeServerReply(bytes, find))
          .to.throw(DecodeError)
          .with.property('code', error.code);
      });
    }
  }

  const refusals: [what: string, hex: string, submitted: SubmittedUrb | undefined, code: string][] = [
    ['an answer to nothing', '00000003 00000005', undefined, 'INVALID_VALUE'],
    ['a command', '00000001 00000005', submission(undefined, 0), 'UNKNOWN_MESSAGE'],
    ['what is no message', '00000009 00000005', submission(undefined, 0), 'UNKNOWN_MESSAGE'],
    [
      'more bytes than were asked for',
      '00000003 00000005 00000000 00000000 00000000 00000000 00000003',
      submission(undefined, 0, 2),
      'LIMIT_EXCEEDED',
    ],
    [
      'other packets than were submitted',
      '00000003 00000005 00000000 00000000 00000000 00000000 00000000 00000000 00000002',
      submission({ direction: 'in', isochronous: true }, 3),
      'INVALID_VALUE',
    ],
  ];
  for (const [what, hex, submitted, code] of refusals) {
    it(`${what} is refused by its head, before any of its data is awaited`, () => {
      const head = fromHex(hex.replaceAll(' ', '').padEnd(2 * USBIP_HEADER_SIZE, '0'));
      expect(() => serverReplySize(head, () => submitted))
        .to.throw(DecodeError)
        .with.property('code', code);
    });
  }
});
