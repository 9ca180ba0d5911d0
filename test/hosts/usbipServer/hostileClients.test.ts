import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex } from '../../../codecs/core/json.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { UsbipServer } from '../../../src/hosts/usbipServer/usbipServer.ts';
import { loadVectors } from '../../codecs/vectors.ts';
import { FakeUsbDevice, result } from '../fakeUsbDevice.ts';
import { UsbipClient } from './usbipClient.ts';

/** Messages that fit together, and some that do not. */
const MESSAGES = [
  ...loadVectors('usbip').map(({ hex }) => fromHex(hex)),
  UsbipClient.importRequest('1-1'),
  UsbipClient.importRequest('1-1'),
  UsbipClient.importRequest('1-1'),
];

const LIST_REQUEST = fromHex('01118005');

/** Streams of a client: an import more often than not, then commands, a little of it wrong. */
const streams = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom(...MESSAGES), { maxLength: 8 }),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 3, 4, 0x7f, 0x80, 0xff)), { maxLength: 2 }),
    fc.uint8Array({ maxLength: 60 }),
  )
  .map(([isImport, messages, changes, random]) => {
    const first = isImport ? [UsbipClient.importRequest('1-1')] : [];
    const bytes = Buffer.concat([...first, ...messages, random]);
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });

describe('a USB/IP server with clients that send anything', () => {
  it('stays up, tells of each in one line, and has its device back afterwards', async () => {
    const told: string[] = [];
    const server = await UsbipServer.listen({
      port: 0,
      clock: systemClock,
      onRefused: (error) => told.push(error.message),
      onReleased: (_device, _remote, error) => told.push(error?.message ?? 'released'),
    });
    const device = new FakeUsbDevice(({ type }) => (type === 'control' ? result('completed') : undefined));
    await server.attach(device);
    let connections = 0;
    let lists = 0;
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 1, max: 400 }), async (stream, cut) => {
        const client = await UsbipClient.connect(server.url);
        client.socket.resume();
        connections += 1;
        if (stream.length >= 8 && stream.subarray(0, 4).equals(LIST_REQUEST)) lists += 1;
        client.socket.write(stream.subarray(0, cut));
        await new Promise(setImmediate);
        client.socket.end(stream.subarray(cut));
        await client.closed();
      }),
      { numRuns: 150 },
    );
    const last = await UsbipClient.connect(server.url);
    expect((await last.import('1-1')).status).to.equal(0);
    expect(device.given).to.deep.equal([]);
    for (const line of told) expect(line).not.to.include('\n');
    await server.close();
    expect(device.calls.filter((call) => call === 'open')).to.have.length.above(20);
    expect(device.calls.at(-1)).to.equal('close');
    // Who asked for the list got it, whatever came behind.
    expect(told.length).to.equal(connections - lists + 1);
  });
});
