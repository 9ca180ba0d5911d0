import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { describeNoMatch, parseSelection, type SelectionCriteria } from '../../src/policy/selection.ts';
import { IDENTITY } from '../hosts/fakeUsbDevice.ts';

const stick = { ...IDENTITY, portPath: '1-2.3', manufacturerName: 'QEMU', productName: 'USB DISK', serialNumber: 'A1' };
const twin = { ...stick, portPath: '1-2', serialNumber: 'B2' };
const camera = { ...IDENTITY, vendorId: 0x046d, productId: 0x082b, portPath: '2-1' };
const all = { stick, twin, camera };

function chosen(criteria: SelectionCriteria): string[] {
  const selection = parseSelection(criteria);
  return Object.entries(all).flatMap(([name, identity]) => (selection.matches(identity) ? [name] : []));
}

describe('parseSelection', () => {
  for (const [criteria, names] of [
    [{ device: '46f4:0001' }, ['stick', 'twin']],
    [{ device: '46F4:1' }, ['stick', 'twin']],
    [{ device: ' 046d:082B ' }, ['camera']],
    [{ device: '046d:082c' }, []],
    [{ port: '1-2' }, ['twin']],
    [{ port: '1-2.3' }, ['stick']],
    [{ serial: 'B2' }, ['twin']],
    [{ serial: 'b2' }, ['twin']],
    [{ serial: ' B2 ' }, ['twin']],
    [{ serial: 'B' }, []],
    [{ device: '46f4:0001', port: '1-2.3' }, ['stick']],
    [{ device: '46f4:0001', port: '1-2.3', serial: 'B2' }, []],
    [{ device: '046d:082b', port: undefined, serial: undefined }, ['camera']],
  ] as const) {
    it(`${JSON.stringify(criteria)} selects ${names.join(' and ') || 'nothing'}`, () => {
      expect(chosen(criteria)).to.deep.equal(names);
    });
  }

  it('a port by either name of a USB 3 socket', () => {
    const selection = parseSelection({ port: '2-1' });
    expect(selection.matches({ ...stick, portPath: '1-3', peerPortPath: '2-1' })).to.equal(true);
    expect(selection.matches({ ...stick, portPath: '2-1', peerPortPath: '1-3' })).to.equal(true);
    expect(selection.matches({ ...stick, portPath: '1-3', peerPortPath: '2-2' })).to.equal(false);
  });

  for (const [criteria, text] of [
    [{ device: '46F4:1' }, 'device 46f4:0001'],
    [{ port: '1-2' }, 'device at port 1-2'],
    [{ serial: 'A1' }, 'device with serial number A1'],
    [{ device: '46f4:1', port: '1-2.3', serial: 'A1' }, 'device 46f4:0001 at port 1-2.3 with serial number A1'],
  ] as const) {
    it(`describes ${JSON.stringify(criteria)}`, () => {
      expect(parseSelection(criteria).describe()).to.equal(text);
    });
  }

  for (const [criteria, example] of [
    [{}, '046d:082b'],
    [{ device: '' }, '046d:082b'],
    [{ device: '046d' }, '046d:082b'],
    [{ device: '0x046d:0x082b' }, '046d:082b'],
    [{ device: '046d:082bb' }, '046d:082b'],
    [{ device: '046d:08zz' }, '046d:082b'],
    [{ port: '1' }, '1-2.3'],
    [{ port: '1-' }, '1-2.3'],
    [{ port: '1-2.' }, '1-2.3'],
    [{ port: '' }, '1-2.3'],
    [{ serial: '' }, 'as the device tells it'],
    [{ serial: ' ' }, 'as the device tells it'],
    [{ device: '046d:082b', port: 'usb1' }, '1-2.3'],
  ] as const) {
    it(`refuses ${JSON.stringify(criteria)} with an example`, () => {
      expect(() => parseSelection(criteria)).to.throw(UsageError, example);
    });
  }

  it('takes several values of a criterion, of which a device must have one', () => {
    const selection = parseSelection({ device: ['46f4:0001', '046d:082b'], serial: ['a', 'b'] });
    const ids = { vendorId: 0x46f4, productId: 1 };
    expect(selection.matches({ ...camera, ...ids, serialNumber: 'B' })).to.equal(true);
    expect(selection.matches({ ...camera, ...ids, serialNumber: 'C' })).to.equal(false);
    expect(selection.matches({ ...camera, ...ids, productId: 2, serialNumber: 'B' })).to.equal(false);
    expect(selection.describe()).to.equal('device 46f4:0001 or 046d:082b with serial number a or b');
  });
});

describe('describeNoMatch', () => {
  it('tells what is here', () => {
    expect(describeNoMatch(parseSelection({ device: '1:2' }), [stick, camera])).to.equal(
      'no device 0001:0002; these are here: 46f4:0001 at port 1-2.3 (QEMU USB DISK, serial number A1), 046d:082b at port 2-1',
    );
  });

  it('prints names in one line, whatever the device put into them', () => {
    const odd = { ...camera, productName: 'A\n\u001b[2J', serialNumber: '' };
    expect(describeNoMatch(parseSelection({ port: '1-2' }), [odd])).to.equal(
      'no device at port 1-2; these are here: 046d:082b at port 2-1 (A??[2J)',
    );
  });

  it('tells that nothing is here', () => {
    expect(describeNoMatch(parseSelection({ port: '1-2' }), [])).to.equal(
      'no device at port 1-2; no USB device is here at all',
    );
  });
});
