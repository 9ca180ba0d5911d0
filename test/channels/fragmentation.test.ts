import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { toHex } from '../../codecs/core/json.ts';
import { byteLength, joinParts } from '../../codecs/core/parts.ts';
import { decodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { fragmentMessage } from '../../src/channels/fragmentation.ts';
import { loadVectors } from '../codecs/vectors.ts';

function hexOf(folder: string, file: string): string {
  const vector = loadVectors('dvc', (name) => name === folder).find((each) => each.file.endsWith(`/${file}`))!;
  return vector.reencode ?? vector.hex;
}

describe('fragmentation (MS-RDPEDYC 3.1.5.1.2)', () => {
  it('cuts the sample message of 3195 bytes into the PDUs of 4.3.1 and 4.3.2', () => {
    const pdus = fragmentMessage(3, [new Uint8Array(3195).fill(0x71)]);
    expect(pdus.map((parts) => toHex(joinParts(parts)))).to.deep.equal([
      hexOf('DYNVC_DATA_FIRST', 'sample'),
      hexOf('DYNVC_DATA', 'sample-middle'),
      hexOf('DYNVC_DATA', 'sample-last'),
    ]);
  });

  it('sends up to 1590 bytes as one DYNVC_DATA, and 1591 with a DYNVC_DATA_FIRST that holds all', () => {
    const names = (size: number) =>
      fragmentMessage(1, [new Uint8Array(size)]).map((parts) => decodeDvcPdu(joinParts(parts), 'server').name);
    for (const size of [1, 1589, 1590]) expect(names(size), `${size}`).to.deep.equal(['DYNVC_DATA']);
    for (const size of [1591, 1596]) expect(names(size), `${size}`).to.deep.equal(['DYNVC_DATA_FIRST']);
    for (const size of [1597, 1596 + 1598]) {
      expect(names(size), `${size}`).to.deep.equal(['DYNVC_DATA_FIRST', 'DYNVC_DATA']);
    }
    expect(names(1596 + 1598 + 1)).to.deep.equal(['DYNVC_DATA_FIRST', 'DYNVC_DATA', 'DYNVC_DATA']);
  });

  for (const channelId of [1, 0x100, 0x10000]) {
    it(`fills PDUs up to 1600 bytes for id ${channelId}, whatever the parts`, () => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index * 13);
      const message = [bytes.subarray(0, 36), bytes.subarray(36, 36), bytes.subarray(36, 5000), bytes.subarray(5000)];
      const pdus = fragmentMessage(channelId, message);
      expect(pdus.slice(0, -1).map(byteLength)).to.deep.equal(new Array(pdus.length - 1).fill(1600));
      const blocks = pdus.map((parts) => {
        const pdu = decodeDvcPdu(joinParts(parts), 'client');
        expect(pdu).to.include({ channelId });
        if (pdu.name === 'DYNVC_DATA_FIRST') expect(pdu.length).to.equal(70_000);
        return 'data' in pdu ? pdu.data : new Uint8Array(0);
      });
      expect(toHex(joinParts(blocks))).to.equal(toHex(bytes));
    });
  }

  it('copies no payload: one allocation for all headers, views for the rest', () => {
    const head = new Uint8Array(36);
    const payload = new Uint8Array(65536);
    const pdus = fragmentMessage(1, [head, payload]);
    expect(new Set(pdus.map(([header]) => header?.buffer)).size).to.equal(1);
    const bodies = new Set(pdus.flatMap(([, ...body]) => body.map((part) => part.buffer)));
    expect(bodies).to.deep.equal(new Set([head.buffer, payload.buffer]));
  });

  it('refuses an empty message, which a peer would take for a close', () => {
    expect(() => fragmentMessage(1, [])).to.throw(UsageError, 'channel 1');
    expect(() => fragmentMessage(1, [new Uint8Array(0)])).to.throw(UsageError);
  });
});
