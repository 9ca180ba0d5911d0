import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { CdcAcm, type SerialLine } from '../../../src/devices/virtual/cdcAcm.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';

const NOTIFICATION = 0x83;
const BULK_IN = 0x81;
const BULK_OUT = 0x02;
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => index & 0xff);

describe('the virtual serial port', () => {
  let port: CdcAcm;
  let usb: Recorder;
  let lines: SerialLine[];

  beforeEach(async () => {
    lines = [];
    port = new CdcAcm({ onLine: (line) => lines.push(line) });
    usb = await configured(port);
  });
  afterEach(() => closeCleanly(usb));

  const setControlLines = (state: number) => usb.write(0x21, 0x22, state, 0);

  it('has a communication and a data interface, which its union descriptor ties together (CDC 1.2 5.2.3)', () => {
    const { interfaces } = parseConfiguration(port.configurationDescriptors[0]!);
    const shape = interfaces.map(({ interfaceClass, interfaceSubClass, endpoints }) => [
      interfaceClass,
      interfaceSubClass,
      ...endpoints.map(({ endpointAddress, transferType }) => `${endpointAddress} ${transferType}`),
    ]);
    expect(shape).to.deep.equal([
      [2, 2, '131 interrupt'],
      [10, 0, '129 bulk', '2 bulk'],
    ]);
    const functional = decodeDescriptors(port.configurationDescriptors[0]!).flatMap((each) =>
      each.name === 'UNKNOWN_DESCRIPTOR' ? [`${each.descriptorType} ${toHex(each.data)}`] : [],
    );
    expect(functional).to.deep.equal(['36 001001', '36 010001', '36 0206', '36 060001']);
    expect(port.identity.deviceClass).to.equal(2);
  });

  it('keeps the line coding (PSTN 1.2 6.3.10 and 6.3.11)', async () => {
    const read = async () => toHex((await usb.read(0xa1, 0x21, 0, 0, 7)).data);
    expect(await read()).to.equal('80250000000008');
    expect((await usb.write(0x21, 0x20, 0, 0, fromHex('00c20100020107'))).status).to.equal('completed');
    expect(await read()).to.equal('00c20100020107');
    expect(port.line).to.deep.include({ dataRate: 115200, stopBits: 2, parity: 'odd', dataBits: 7 });
    expect(lines).to.deep.equal([port.line]);
    await usb.run({ type: 'resetDevice' });
    expect(await read()).to.equal('80250000000008');
  });

  it('DTR is wired to carrier and DSR, which SERIAL_STATE tells when they change (PSTN 1.2 6.5.4)', async () => {
    const waiting = usb.in(NOTIFICATION, 16);
    await setControlLines(2);
    expect(waiting.seen()).to.equal(undefined);
    expect(port.line).to.deep.include({ dataTerminalReady: false, requestToSend: true });
    await setControlLines(3);
    expect(toHex((await waiting.result).data)).to.equal('a1200000000002000300');
    await setControlLines(1);
    await setControlLines(0);
    expect(toHex((await usb.in(NOTIFICATION, 16).result).data)).to.equal('a1200000000002000000');
    const next = usb.in(NOTIFICATION, 16);
    await setControlLines(0);
    expect(next.seen()).to.equal(undefined);
  });

  it('a break comes back as a break (PSTN 1.2 6.3.13)', async () => {
    const waiting = usb.in(NOTIFICATION, 16);
    expect((await usb.write(0x21, 0x23, 100, 0)).status).to.equal('completed');
    expect(toHex((await waiting.result).data)).to.equal('a1200000000002000400');
  });

  it('what is written comes back, and a transfer that fills its packets ends with an empty one', async () => {
    for (const size of [1, 511, 512, 513, 1024, 5000]) {
      const reading = usb.in(BULK_IN, 8192);
      expect((await usb.out(BULK_OUT, bytes(size)).result).transferred).to.equal(size);
      const pieces = [toHex((await reading.result).data)];
      while (pieces.join('').length < 2 * size) pieces.push(toHex((await usb.in(BULK_IN, 8192).result).data));
      expect(pieces.join('')).to.equal(toHex(bytes(size)));
      expect(pieces).to.have.length(1);
    }
  });

  it('a write waits when the line is full, and goes on when the host reads', async () => {
    const write = usb.out(BULK_OUT, bytes(20_000));
    await usb.read(0x80, 0, 0, 0, 2);
    expect(write.seen()).to.equal(undefined);
    expect((await usb.in(BULK_IN, 32_768).result).transferred).to.equal(20_000);
    expect((await write.result).transferred).to.equal(20_000);
  });

  const refused: [string, number, number, number, string?][] = [
    ['a line coding of 6 bytes', 0x20, 0, 0, '802500000000'],
    ['a parity that does not exist', 0x20, 0, 0, '80250000000508'],
    ['stop bits that do not exist', 0x20, 0, 0, '80250000030008'],
    ['9 data bits', 0x20, 0, 0, '80250000000009'],
    ['requests to the data interface', 0x22, 0, 1],
    ['control lines with data', 0x22, 0, 0, '00'],
    ['a break with data', 0x23, 0, 0, '00'],
    ['an unknown request', 0x55, 0, 0],
  ];
  for (const [name, bRequest, wValue, wIndex, data = ''] of refused) {
    it(`stalls ${name}`, async () => {
      expect((await usb.write(0x21, bRequest, wValue, wIndex, fromHex(data))).status).to.equal('stalled');
    });
  }
});
