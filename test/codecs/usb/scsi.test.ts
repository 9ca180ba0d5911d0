import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import {
  decodeCapacity10,
  decodeCapacity16,
  decodeInquiry,
  decodeSense,
  encodeCapacity10,
  encodeCapacity16,
  encodeDescriptorSense,
  encodeFixedSense,
  encodeInquiry,
} from '../../../codecs/usb/scsi.ts';

describe('data of SCSI commands', () => {
  const sense = { key: 5, additionalCode: 0x24, additionalQualifier: 2 };

  it('sense in fixed format', () => {
    const bytes = fromHex('70 00 05 00000000 0a 00000000 24 02 00000000');
    expect(toHex(encodeFixedSense(sense))).to.equal(toHex(bytes));
    expect(decodeSense(bytes)).to.deep.equal(sense);
    expect(decodeSense(bytes.with(0, 0xf1)), 'deferred, with INFORMATION').to.deep.equal(sense);
    expect(decodeSense(bytes.subarray(0, 3)), 'cut off').to.deep.equal({
      key: 5,
      additionalCode: 0,
      additionalQualifier: 0,
    });
  });

  it('sense in descriptor format', () => {
    const bytes = fromHex('72 05 24 02 00000000');
    expect(toHex(encodeDescriptorSense(sense))).to.equal(toHex(bytes));
    expect(decodeSense(bytes)).to.deep.equal(sense);
    expect(decodeSense(bytes.with(0, 0x73))).to.deep.equal(sense);
  });

  it('bytes that are no sense', () => {
    for (const hex of ['', '70 00', '72 05 24', '7f 00 05 00', '00 00 00 00']) {
      expect(decodeSense(fromHex(hex)), hex).to.equal(undefined);
    }
  });

  it('INQUIRY', () => {
    const data = { deviceType: 0, removable: true, vendor: 'Vendor', product: 'Thing', revision: '1.0' };
    const bytes = encodeInquiry(data);
    expect(toHex(bytes)).to.equal(`008005021f000000${Buffer.from('Vendor  Thing           1.0 ').toString('hex')}`);
    expect(decodeInquiry(bytes)).to.deep.equal(data);
    expect(decodeInquiry(encodeInquiry({ ...data, vendor: 'Vendor and Co.' }))?.vendor).to.equal('Vendor a');
    expect(decodeInquiry(encodeInquiry({ ...data, product: 'Dïng' }))?.product).to.equal('D?ng');
    expect(decodeInquiry(bytes.subarray(0, 2))).to.include({ removable: true, vendor: '' });
    expect(decodeInquiry(bytes.subarray(0, 1))).to.equal(undefined);
  });

  it('READ CAPACITY counts from the last sector', () => {
    const capacity = { sectorCount: 0x1000, sectorSize: 512 };
    expect(toHex(encodeCapacity10(capacity))).to.equal('00000fff00000200');
    expect(decodeCapacity10(fromHex('00000fff00000200'))).to.deep.equal(capacity);
    expect(decodeCapacity10(fromHex('00000fff000002'))).to.equal(undefined);
    const large = { sectorCount: 2 ** 33, sectorSize: 4096 };
    expect(decodeCapacity10(encodeCapacity10(large))).to.deep.equal({ sectorCount: 2 ** 32, sectorSize: 4096 });
    expect(toHex(encodeCapacity16(large)).slice(0, 24)).to.equal('00000001ffffffff00001000');
    expect(decodeCapacity16(encodeCapacity16(large))).to.deep.equal(large);
    expect(decodeCapacity16(new Uint8Array(11))).to.equal(undefined);
  });
});
