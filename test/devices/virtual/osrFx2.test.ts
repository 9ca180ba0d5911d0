import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import { VirtualDevices } from '../../../src/devices/virtual/virtualDevices.ts';
import { closeCleanly, configured, Recorder } from '../recorder.ts';

const INTERRUPT_IN = 0x81;
const BULK_OUT = 0x06;
const BULK_IN = 0x88;
const PACKET = 512;
const bytes = (size: number, first = 0) => Uint8Array.from({ length: size }, (_, index) => (first + index) & 0xff);

describe("Microsoft's board, OSR USB-FX2", () => {
  let board: OsrFx2;
  let usb: Recorder;
  let shown: string[];

  const given = async (speed: 'full' | 'high' = 'high') => {
    shown = [];
    board = new OsrFx2({ speed, switches: 0x05, onDisplay: (display, value) => shown.push(`${display} ${value}`) });
    usb = await configured(board);
  };
  beforeEach(() => given());
  afterEach(() => closeCleanly(usb));

  const get = async (bRequest: number) => toHex((await usb.read(0xc0, bRequest, 0, 0, 1)).data);
  const set = async (bRequest: number, ...data: number[]) =>
    (await usb.write(0x40, bRequest, 0, 0, Uint8Array.from(data))).status;
  const settle = () => usb.read(0x80, 0, 0, 0, 2);

  it("has the descriptors of Microsoft's sample (usb/kmdf_fx2)", () => {
    expect(toHex(board.deviceDescriptor)).to.equal('120100020000004047050210000001020001');
    expect(toHex(board.configurationDescriptors[0]!)).to.equal(
      toHex(
        fromHex(
          '09 02 27 00 01 01 04 a0 32  09 04 00 00 03 ff 00 00 00' +
            '07 05 81 03 49 00 01  07 05 06 02 00 02 00  07 05 88 02 00 02 00',
        ),
      ),
    );
    expect(board.identity).to.deep.include({ productName: 'OSR USB-FX2 LK', speed: 'high' });
  });

  it('has its full-speed configuration as the other one, and at full speed the other way round (9.6.4)', async () => {
    const other = await usb.read(0x80, 6, 0x0700, 0, 255);
    expect(toHex(other.data)).to.equal(
      '090727000101' + '03a032' + '0904000003ff000000' + '07058103490001' + '07050602400000' + '07058802400000',
    );
    expect(toHex((await usb.read(0x80, 6, 0x0600, 0, 255)).data)).to.equal('0a060002000000400100');
    await usb.close();
    await given('full');
    expect(toHex(board.configurationDescriptors[0]!)).to.equal(toHex(other.data).replace('0907', '0902'));
  });

  it('case 14: answers GET_STATUS of its endpoints with 0, with and without the direction bit', async () => {
    for (const wIndex of [0x81, 0x06, 0x88, 0x01, 0x08]) {
      const { status, data } = await usb.read(0x82, 0, 0, wIndex, 2);
      expect(`${status} ${toHex(data)}`, `wIndex ${wIndex}`).to.equal('completed 0000');
    }
    for (const wIndex of [0x02, 0x86, 0x101]) {
      expect((await usb.read(0x82, 0, 0, wIndex, 2)).status, `wIndex ${wIndex}`).to.equal('stalled');
    }
  });

  it('case 15, 16: is configured before anybody selects a configuration', async () => {
    await usb.close();
    board = new OsrFx2();
    usb = new Recorder(board);
    await usb.open();
    expect(toHex((await usb.read(0x80, 8, 0, 0, 1)).data)).to.equal('01');
    const alternate = await usb.read(0x81, 10, 0, 0, 1);
    expect(`${alternate.status} ${toHex(alternate.data)}`).to.equal('completed 00');
  });

  it('case 24: the bar graph shows what is set', async () => {
    for (const value of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80]) {
      expect(await set(0xd8, value)).to.equal('completed');
      expect(await get(0xd7)).to.equal(toHex(Uint8Array.of(value)));
      expect(board.barGraph).to.equal(value);
    }
    expect(shown.at(-1)).to.equal('barGraph 128');
  });

  it('case 25: the 7-segment display shows what is set', async () => {
    for (const value of [0x06, 0xb3, 0xa7, 0x66, 0xe5]) {
      expect(await set(0xdb, value)).to.equal('completed');
      expect(await get(0xd4)).to.equal(toHex(Uint8Array.of(value)));
      expect(board.sevenSegment).to.equal(value);
    }
    expect(shown.at(-1)).to.equal('sevenSegment 229');
  });

  it('case 26: says whether it is at high speed', async () => {
    expect(await get(0xd9)).to.equal('80');
    await usb.close();
    await given('full');
    expect(await get(0xd9)).to.equal('00');
  });

  it('case 27: the switches can be read', async () => {
    expect(await get(0xd6)).to.equal('05');
    board.setSwitches(0x80);
    expect(await get(0xd6)).to.equal('80');
    expect(board.switches).to.equal(0x80);
  });

  it('case 28: the switches are reported when it is configured and on every change', async () => {
    const [first, second] = [usb.in(INTERRUPT_IN, 1), usb.in(INTERRUPT_IN, 1)];
    expect(toHex((await first.result).data)).to.equal('05');
    board.setSwitches(0x05);
    await settle();
    expect(second.seen()).to.equal(undefined);
    board.setSwitches(0x07);
    expect(toHex((await second.result).data)).to.equal('07');
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    expect(toHex((await usb.in(INTERRUPT_IN, 73).result).data)).to.equal('07');
  });

  it('keeps only the newest report for a host that does not ask', async () => {
    for (let value = 0; value < 256; value += 1) board.setSwitches(value);
    expect(toHex((await usb.in(INTERRUPT_IN, 1).result).data)).to.equal('ff');
    const pending = usb.in(INTERRUPT_IN, 1);
    await settle();
    expect(pending.seen()).to.equal(undefined);
  });

  it('case 29: what is written comes back', async () => {
    const written = await usb.out(BULK_OUT, fromHex('0102030405')).result;
    expect(written).to.deep.include({ status: 'completed', transferred: 5 });
    expect(toHex((await usb.in(BULK_IN, 5).result).data)).to.equal('0102030405');
  });

  it('a read of empty buffers waits, and each short packet ends one', async () => {
    const reads = [usb.in(BULK_IN, PACKET), usb.in(BULK_IN, PACKET)];
    await settle();
    expect(reads[0]!.seen()).to.equal(undefined);
    await usb.out(BULK_OUT, bytes(3)).result;
    expect(reads[0]!.seen()?.transferred).to.equal(3);
    expect(reads[1]!.seen()).to.equal(undefined);
    await usb.out(BULK_OUT, bytes(0)).result;
    expect(reads[1]!.seen()).to.deep.include({ status: 'completed', transferred: 0 });
  });

  it('a write to full buffers waits: two packets at each endpoint', async () => {
    const writes = [1, 2, 3, 4, 5, 6].map((size) => usb.out(BULK_OUT, bytes(size)));
    await settle();
    expect(writes.map((each) => each.seen()?.status)).to.deep.equal([...Array<string>(4).fill('completed'), undefined, undefined]); // prettier-ignore
    expect((await usb.in(BULK_IN, PACKET).result).transferred).to.equal(1);
    expect(writes[4]!.seen()?.status).to.equal('completed');
    expect(writes[5]!.seen()).to.equal(undefined);
    writes[5]!.transfer.cancel();
    expect(writes[5]!.seen()).to.deep.include({ status: 'cancelled', transferred: 0 });
    const sizes = [];
    while (sizes.length < 4) sizes.push((await usb.in(BULK_IN, PACKET).result).transferred);
    expect(sizes).to.deep.equal([2, 3, 4, 5]);
  });

  it('a long write goes on as the host reads, and says how far it came when it is cancelled', async () => {
    const sent = bytes(10 * PACKET + 7);
    const write = usb.out(BULK_OUT, sent);
    await settle();
    expect(write.seen()).to.equal(undefined);
    const back = await usb.in(BULK_IN, 16 * PACKET).result;
    expect(toHex(back.data)).to.equal(toHex(sent));
    expect(write.seen()).to.deep.include({ status: 'completed', transferred: sent.byteLength });
    const cut = usb.out(BULK_OUT, sent);
    await usb.run({ type: 'abortEndpoint', endpointAddress: BULK_OUT });
    expect(cut.seen()).to.deep.include({ status: 'cancelled', transferred: 4 * PACKET });
    expect((await usb.in(BULK_IN, 4 * PACKET).result).transferred).to.equal(4 * PACKET);
  });

  it('the bytes are copied: the host may use them again', async () => {
    const sent = bytes(5);
    await usb.out(BULK_OUT, sent).result;
    sent.fill(9);
    expect(toHex((await usb.in(BULK_IN, 5).result).data)).to.equal('0001020304');
  });

  it('forgets what is in its buffers when it is configured anew or reset', async () => {
    for (const operation of [{ type: 'setConfiguration', configurationValue: 1 }, { type: 'resetDevice' }] as const) {
      for (let index = 0; index < 4; index += 1) await usb.out(BULK_OUT, bytes(9)).result;
      await usb.run(operation);
      await usb.out(BULK_OUT, bytes(2)).result;
      expect((await usb.in(BULK_IN, PACKET).result).transferred).to.equal(2);
    }
  });

  it('command 0xDA takes it off the bus and puts it there again', async () => {
    const source = new VirtualDevices();
    const seen: string[] = [];
    const twin = new OsrFx2();
    source.add(twin);
    source.watch(() => seen.push('added'));
    twin.gone.addEventListener('abort', () => seen.push('gone'));
    await twin.open();
    const setup = { bmRequestType: 0x40, bRequest: 0xda, wValue: 0, wIndex: 0, wLength: 0 };
    const status = await new Promise((resolve) => {
      twin.submit({ type: 'control', setup, data: new Uint8Array(0), timeout: 0 }, (result) => resolve(result.status));
    });
    expect(status).to.equal('completed');
    expect(twin.gone.aborted).to.equal(true);
    await twin.close();
    expect(seen).to.deep.equal(['gone', 'added']);
    await source.close();
  });

  const refused: [string, Parameters<Recorder['read']>][] = [
    ['an unknown command', [0xc0, 0xd5, 0, 0, 1]],
    ['0xD8 without a byte', [0x40, 0xd8, 0, 0, 0]],
    ['a command to the interface', [0xc1, 0xd6, 0, 0, 1]],
    ['writing the switches', [0x40, 0xd6, 0, 0, 0]],
  ];
  for (const [name, setup] of refused) {
    it(`stalls ${name}`, async () => expect((await usb.read(...setup)).status).to.equal('stalled'));
  }
  it('stalls more than it understands', async () => {
    expect(await set(0xd8, 1, 2)).to.equal('stalled');
    expect(await set(0xda, 1)).to.equal('stalled');
    expect(await set(0xd7, 1)).to.equal('stalled');
  });

  it('refuses switches that are not eight', () => {
    expect(() => board.setSwitches(256)).to.throw(UsageError, 'switches 256: give an integer from 0 to 255');
    expect(() => new OsrFx2({ switches: -1 })).to.throw(UsageError);
  });
});
