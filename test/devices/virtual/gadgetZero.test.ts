import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { GadgetZero, type GadgetZeroOptions } from '../../../src/devices/virtual/gadgetZero.ts';
import type { UsbResult } from '../../../src/ports/usb.ts';
import { closeCleanly, Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';

const SOURCE_SINK = 3;
const LOOPBACK = 2;
const BULK_IN = 0x81;
const BULK_OUT = 0x01;
const ISO_IN = 0x82;
const ISO_OUT = 0x02;
const mod63 = (size: number, packetSize = 512) => Uint8Array.from({ length: size }, (_, index) => (index % packetSize) % 63); // prettier-ignore
const zeros = (size: number) => new Uint8Array(size);

describe("Linux's gadget zero", () => {
  let clock: VirtualClock;
  let gadget: GadgetZero;
  let usb: Recorder;

  const given = async (options: GadgetZeroOptions = {}, configurationValue = SOURCE_SINK) => {
    clock = new VirtualClock();
    gadget = new GadgetZero({ clock, ...options });
    usb = new Recorder(gadget);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue });
  };
  const again = async (...options: Parameters<typeof given>) => {
    await usb.close();
    await given(...options);
  };
  beforeEach(() => given());
  afterEach(() => closeCleanly(usb));

  const alternate = (alternateSetting: number) =>
    usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting });
  const stream = async (packets: number, length: number, data?: Uint8Array): Promise<UsbResult> => {
    const common = { packetLengths: Array.from({ length: packets }, () => length), startFrame: undefined };
    const watched = usb.submit(
      data === undefined
        ? { type: 'isochronousIn', endpointAddress: ISO_IN, ...common }
        : { type: 'isochronousOut', endpointAddress: ISO_OUT, data, ...common },
    );
    clock.advance(1 + 8 * packets);
    return watched.result;
  };

  it('has the ids, configurations and endpoints by which usbtest knows it', () => {
    expect(gadget.identity).to.deep.include({ vendorId: 0x0525, productId: 0xa4a0, deviceClass: 0xff, speed: 'high' });
    const shapes = gadget.configurationDescriptors.map(parseConfiguration).map((each) => ({
      value: each.configurationValue,
      endpoints: each.interfaces.map(
        ({ endpoints }) =>
        endpoints.map(({ endpointAddress, transferType, maxPacketSize }) => `${endpointAddress} ${transferType} ${maxPacketSize}`), // prettier-ignore
      ),
    }));
    const bulk = ['129 bulk 512', '1 bulk 512'];
    expect(shapes).to.deep.equal([
      { value: 3, endpoints: [bulk, [...bulk, '130 isochronous 1024', '2 isochronous 1024']] },
      { value: 2, endpoints: [bulk] },
    ]);
  });

  it('loopback is the first configuration where that is asked for', async () => {
    const first = (device: GadgetZero) => parseConfiguration(device.configurationDescriptors[0]!).configurationValue;
    expect(first(new GadgetZero({ loopbackFirst: true }))).to.equal(LOOPBACK);
    const { strings } = { strings: [4, 5].map((index) => usb.read(0x80, 6, 0x0300 | index, 0x0409, 255)) };
    const [source, loop] = (await Promise.all(strings)).map(({ data }) => Buffer.from(data.subarray(2)).toString('utf16le')); // prettier-ignore
    expect([source, loop]).to.deep.equal(['source and sink data', 'loop input to output']);
  });

  describe('control requests of usbtest (cases 14 and 21)', () => {
    it('0x5b fills a buffer and 0x5c returns it, for every length up to 1024', async () => {
      for (const size of [1, 2, 63, 64, 65, 511, 512, 513, 1023, 1024, 4096]) {
        const sent = Uint8Array.from({ length: size }, (_, index) => (size + index) & 0xff);
        expect(await usb.write(0x40, 0x5b, 0, 0, sent)).to.deep.include({ status: 'completed', transferred: size });
        expect(toHex((await usb.read(0xc0, 0x5c, 0, 0, size)).data)).to.equal(toHex(sent));
      }
    });

    const refused: [string, Parameters<Recorder['read']>][] = [
      ['0x5c with a value', [0xc0, 0x5c, 1, 0, 8]],
      ['0x5c with an index', [0xc0, 0x5c, 0, 1, 8]],
      ['0x5c of more than the buffer', [0xc0, 0x5c, 0, 0, 4097]],
      ['0x5b the wrong way', [0xc0, 0x5b, 0, 0, 8]],
      ['0x5c to the interface', [0xc1, 0x5c, 0, 0, 8]],
      ['another request', [0xc0, 0x5d, 0, 0, 8]],
    ];
    for (const [name, setup] of refused) {
      it(`stalls ${name}`, async () => expect((await usb.read(...setup)).status).to.equal('stalled'));
    }

    it('has them in source and sink alone', async () => {
      await again({}, LOOPBACK);
      expect((await usb.read(0xc0, 0x5c, 0, 0, 8)).status).to.equal('stalled');
    });
  });

  describe('source and sink', () => {
    for (const [pattern, expected] of [
      [0, zeros],
      [1, mod63],
      [2, zeros],
    ] as const) {
      // prettier-ignore
      it(`pattern ${pattern}: bulk IN never ends, at any length of whole packets`, async () => {
        await again({ pattern });
        for (const size of [512, 4096, 1024, 65536, 512]) {
          const { status, data } = await usb.in(BULK_IN, size).result;
          expect(status).to.equal('completed');
          expect(toHex(data)).to.equal(toHex(expected(size)));
        }
      });
    }

    it('what the host does with the bytes changes nothing in the source', async () => {
      (await usb.in(BULK_IN, 4096).result).data.fill(7);
      expect(toHex((await usb.in(BULK_IN, 4096).result).data)).to.equal(toHex(zeros(4096)));
    });

    it('a read that is no multiple of the packet overflows', async () => {
      expect(await usb.in(BULK_IN, 600).result).to.deep.include({ status: 'overflowed', transferred: 512 });
      expect((await usb.in(BULK_IN, 512).result).status).to.equal('completed');
    });

    it('the sink takes what fits the pattern, and counts it', async () => {
      expect((await usb.out(BULK_OUT, zeros(5000)).result).transferred).to.equal(5000);
      expect((await usb.out(BULK_OUT, zeros(0)).result).status).to.equal('completed');
      expect(gadget.sunkBytes).to.equal(5000);
      await again({ pattern: 1 });
      expect((await usb.out(BULK_OUT, mod63(2000)).result).status).to.equal('completed');
      expect((await usb.out(BULK_OUT, mod63(10)).result).status).to.equal('completed');
    });

    for (const [pattern, good] of [
      [0, zeros],
      [1, mod63],
    ] as const) {
      // prettier-ignore
      it(`pattern ${pattern}: a wrong byte halts the sink behind the transfer that had it`, async () => {
        await again({ pattern });
        const wrong = good(700);
        wrong[600] = 63;
        expect((await usb.out(BULK_OUT, wrong).result).status).to.equal('completed');
        expect((await usb.out(BULK_OUT, good(10)).result).status).to.equal('stalled');
        await usb.run({ type: 'clearHalt', endpointAddress: BULK_OUT });
        expect((await usb.out(BULK_OUT, good(10)).result).status).to.equal('completed');
      });
    }

    it('pattern 2: the sink takes anything', async () => {
      await again({ pattern: 2 });
      expect((await usb.out(BULK_OUT, Uint8Array.of(1, 2, 3)).result).status).to.equal('completed');
      expect((await usb.out(BULK_OUT, Uint8Array.of(1, 2, 3)).result).status).to.equal('completed');
    });

    it('halts can be set and cleared (case 13), on both endpoints', async () => {
      for (const endpointAddress of [BULK_IN, BULK_OUT]) {
        const transfer = () => (endpointAddress === BULK_IN ? usb.in(BULK_IN, 512) : usb.out(BULK_OUT, zeros(512)));
        for (let round = 0; round < 3; round += 1) {
          expect((await transfer().result).status).to.equal('completed');
          await usb.write(0x02, 3, 0, endpointAddress);
          expect((await transfer().result).status).to.equal('stalled');
          expect((await transfer().result).status).to.equal('stalled');
          await usb.run({ type: 'clearHalt', endpointAddress });
        }
      }
    });
  });

  describe('isochronous endpoints (alternate setting 1; cases 15 and 16)', () => {
    it('are not there in alternate setting 0', async () => {
      expect((await stream(1, 8)).status).to.equal('notFound');
      await alternate(1);
      expect((await stream(1, 1024)).status).to.equal('completed');
      await alternate(0);
      expect((await stream(1, 8)).status).to.equal('notFound');
    });

    it('IN sends a whole packet each millisecond', async () => {
      await again({ pattern: 1 });
      await alternate(1);
      const { packets, data, transferred, startFrame } = await stream(8, 1024);
      expect(transferred).to.equal(8192);
      expect(startFrame).to.equal(1);
      expect(packets).to.deep.equal(Array.from({ length: 8 }, () => ({ status: 'completed', length: 1024 })));
      expect(toHex(data)).to.equal(toHex(mod63(8192, 1024)));
    });

    it('OUT counts packets and bytes, whatever is in them', async () => {
      await alternate(1);
      const result = await stream(10, 100, mod63(1000));
      expect(result).to.deep.include({ status: 'completed', transferred: 1000 });
      expect([gadget.sunkPackets, gadget.sunkBytes]).to.deep.equal([10, 1000]);
    });

    it('a place that is too small for the packet overflows, packet by packet', async () => {
      await alternate(1);
      const { status, packets, transferred } = await stream(3, 1023);
      expect([status, transferred]).to.deep.equal(['completed', 0]);
      expect(packets?.map((each) => each.status)).to.deep.equal(['overflowed', 'overflowed', 'overflowed']);
    });

    it('at full speed packets are of 1023 bytes, every eighth frame', async () => {
      await again({ speed: 'full' });
      await alternate(1);
      const { transferred } = await stream(4, 1023);
      expect(transferred).to.equal(4092);
    });

    it('bulk goes on beside them, and a new setting begins anew', async () => {
      await alternate(1);
      expect((await usb.in(BULK_IN, 4096).result).transferred).to.equal(4096);
      await usb.out(BULK_OUT, zeros(9)).result;
      await alternate(1);
      expect(gadget.sunkBytes).to.equal(0);
      expect((await usb.in(BULK_IN, 4096).result).transferred).to.equal(4096);
    });

    it('without a clock are not supported', async () => {
      await again();
      const silent = new GadgetZero();
      const other = new Recorder(silent);
      await other.open();
      await other.run({ type: 'setConfiguration', configurationValue: SOURCE_SINK });
      await other.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
      const common = { packetLengths: [1024], startFrame: undefined };
      const result = await other.run({ type: 'isochronousIn', endpointAddress: ISO_IN, ...common });
      expect(result.status).to.equal('notSupported');
      await other.close();
    });
  });

  describe('loopback', () => {
    beforeEach(() => again({}, LOOPBACK));
    const write = (size: number) => usb.out(BULK_OUT, mod63(size));

    it('a short packet sends back what came until then', async () => {
      for (const size of [1, 511, 513, 4095, 1023]) {
        const reading = usb.in(BULK_IN, 8192);
        expect((await write(size).result).transferred).to.equal(size);
        expect(toHex((await reading.result).data)).to.equal(toHex(mod63(size)));
      }
    });

    it('full packets wait until their buffer of 4096 bytes is full, or an empty packet comes', async () => {
      const reading = usb.in(BULK_IN, 4096);
      for (let packets = 0; packets < 7; packets += 1) await write(512).result;
      expect(reading.seen()).to.equal(undefined);
      await write(512).result;
      expect((await reading.result).transferred).to.equal(4096);
      const short = usb.in(BULK_IN, 4096);
      await write(1024).result;
      expect(short.seen()).to.equal(undefined);
      await write(0).result;
      expect(await short.result).to.deep.include({ status: 'completed', transferred: 1024 });
      const next = usb.in(BULK_IN, 4096);
      await write(5).result;
      expect((await next.result).transferred).to.equal(5);
    });

    it('has 32 buffers; the next write waits', async () => {
      const long = write(33 * 4096);
      expect(long.seen()).to.equal(undefined);
      const sizes = [];
      while (sizes.length < 33) sizes.push((await usb.in(BULK_IN, 4096).result).transferred);
      expect(new Set(sizes)).to.deep.equal(new Set([4096]));
      expect((await long.result).transferred).to.equal(33 * 4096);
    });
  });
});
