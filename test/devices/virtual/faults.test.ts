import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { toHex } from '../../../codecs/core/json.ts';
import { withFaults, type FaultOptions } from '../../../src/devices/virtual/faultyDevice.ts';
import type { FaultRule, FaultScript } from '../../../src/devices/virtual/faultScript.ts';
import { closeCleanly, Recorder, type Watched } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';
import { Iso, IsochronousDevice } from './isochronousDevice.ts';
import { Endpoint, LoopbackDevice } from './loopbackDevice.ts';

const bytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => index & 0xff);

describe('a device with faults', () => {
  let clock: VirtualClock;
  let device: LoopbackDevice;
  let usb: Recorder;
  let faults: string[];

  const given = async (script: FaultScript, options: FaultOptions = {}) => {
    clock = new VirtualClock();
    device = new LoopbackDevice();
    faults = [];
    const onFault = (rule: FaultRule) => faults.push(rule.fault.type);
    usb = new Recorder(withFaults(device, script, { clock, onFault, ...options }));
    await usb.open();
    // Past the script, which may be about whatever comes first.
    device.submit({ type: 'setConfiguration', configurationValue: 1 }, () => {});
  };
  afterEach(async () => {
    await closeCleanly(usb);
    expect(clock.pending, 'timers').to.equal(0);
  });

  const write = (size = 4) => usb.out(Endpoint.echoOut, bytes(size));
  const read = (length = 512) => usb.in(Endpoint.echoIn, length);
  const statusOf = (watched: Watched) => watched.seen()?.status ?? 'pending';
  const statusesOf = (...watched: Watched[]) => watched.map(statusOf);
  const haltOf = async (endpointAddress: number) => (await usb.read(0x82, 0, 0, endpointAddress, 2)).data[0];

  describe('stall', () => {
    const clears: [string, () => Promise<unknown>][] = [
      ['clearHalt', () => usb.run({ type: 'clearHalt', endpointAddress: Endpoint.echoOut })],
      ['CLEAR_FEATURE(ENDPOINT_HALT)', () => usb.write(0x02, 1, 0, Endpoint.echoOut)],
      ['setConfiguration', () => usb.run({ type: 'setConfiguration', configurationValue: 1 })],
      ['setInterface', () => usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 })],
      ['resetDevice', () => usb.run({ type: 'resetDevice' })],
    ];
    for (const [name, clear] of clears) {
      it(`halts the endpoint until ${name}`, async () => {
        await given([{ fault: { type: 'stall' }, endpointAddress: Endpoint.echoOut, nth: 2 }]);
        expect(statusesOf(write(), write(), write())).to.deep.equal(['completed', 'stalled', 'stalled']);
        expect(await haltOf(Endpoint.echoOut)).to.equal(1);
        expect(await haltOf(Endpoint.echoIn)).to.equal(0);
        await clear();
        expect(await haltOf(Endpoint.echoOut)).to.equal(0);
        expect(statusOf(write())).to.equal('completed');
      });
    }

    it('of a control request is over with it', async () => {
      await given([{ fault: { type: 'stall' }, operation: 'control', bRequest: 6, times: 1 }]);
      expect((await usb.read(0x80, 0, 0, 0, 2)).status).to.equal('completed');
      expect((await usb.read(0x80, 6, 0x0100, 0, 18)).status).to.equal('stalled');
      expect((await usb.read(0x80, 6, 0x0100, 0, 18)).status).to.equal('completed');
    });

    it('keeps what the host did not take', async () => {
      await given([{ fault: { type: 'stall' }, operation: 'transferIn', nth: 1 }]);
      await write(3).result;
      expect(statusOf(read())).to.equal('stalled');
      await usb.run({ type: 'clearHalt', endpointAddress: Endpoint.echoIn });
      expect(read().seen()?.transferred).to.equal(3);
    });
  });

  it('fail ends an operation with any status', async () => {
    await given([
      { fault: { type: 'fail', status: 'overflowed' }, operation: 'transferIn' },
      { fault: { type: 'fail', status: 'busy' }, operation: 'setInterface' },
    ]);
    expect(statusOf(read())).to.equal('overflowed');
    const result = await usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    expect(result.status).to.equal('busy');
    expect((await usb.read(0x81, 10, 0, 0, 1)).data[0], 'the device did not see it').to.equal(0);
  });

  it('short: fewer bytes come, and fewer go', async () => {
    await given([
      { fault: { type: 'short', length: 2 }, operation: 'transferOut' },
      { fault: { type: 'short', length: 1 }, operation: 'transferIn' },
      { fault: { type: 'short', length: 9 }, operation: 'control', bRequest: 6 },
    ]);
    expect(await write(5).result).to.deep.include({ status: 'completed', transferred: 2 });
    const result = await read().result;
    expect(result).to.deep.include({ status: 'completed', transferred: 1 });
    expect(toHex(result.data)).to.equal('00');
    expect((await usb.read(0x80, 6, 0x0100, 0, 18)).data.byteLength).to.equal(9);
    expect((await usb.read(0x80, 6, 0x0301, 0, 4)).data.byteLength, 'it was shorter already').to.equal(4);
  });

  it('babble: more bytes than the host asked for', async () => {
    await given([{ fault: { type: 'babble', extra: 3 }, times: 3, operation: 'transferIn' }, { fault: { type: 'babble', extra: 3 }, bRequest: 6 }, { fault: { type: 'babble', extra: 3 }, operation: 'transferOut' }]); // prettier-ignore
    expect(await write(2).result).to.deep.include({ status: 'completed', transferred: 5 });
    const result = await read(4).result;
    expect(result).to.deep.include({ status: 'completed', transferred: 7 });
    expect(toHex(result.data)).to.equal('0001ffffffffff');
    expect((await usb.read(0x80, 6, 0x0100, 0, 18)).data.byteLength).to.equal(21);
  });

  it('babble leaves alone what moves no data, and what fails', async () => {
    await given([{ fault: { type: 'babble', extra: 3 } }]);
    expect(await usb.run({ type: 'resetDevice' })).to.deep.include({ status: 'completed', transferred: 0 });
    expect(await usb.write(0x40, 2, 0, 0, bytes(4))).to.deep.include({ status: 'completed', transferred: 7 });
    expect((await usb.read(0xc0, 9, 0, 0, 4)).status).to.equal('stalled');
    const waiting = read();
    waiting.transfer.cancel();
    expect(await waiting.result).to.deep.include({ status: 'cancelled', transferred: 0 });
  });

  describe('delay', () => {
    it('the device gets it later, and what follows on the endpoint stays behind it', async () => {
      await given([{ fault: { type: 'delay', milliseconds: 10 }, endpointAddress: Endpoint.echoOut, nth: 1 }]);
      const writes = [write(1), write(2)];
      const other = read();
      clock.advance(9.9);
      expect(statusesOf(...writes, other)).to.deep.equal(['pending', 'pending', 'pending']);
      clock.advance(0.1);
      expect(statusesOf(...writes, other)).to.deep.equal(['completed', 'completed', 'completed']);
      expect(other.seen()?.transferred).to.equal(1);
    });

    it('several delays add up, in order', async () => {
      await given([{ fault: { type: 'delay', milliseconds: 10 }, operation: 'transferOut' }]);
      const writes = [write(1), write(2), write(3)];
      clock.advance(20);
      expect(statusesOf(...writes)).to.deep.equal(['completed', 'completed', 'pending']);
      clock.advance(10);
      expect(read().seen()?.transferred).to.equal(1);
      expect(read().seen()?.transferred).to.equal(2);
      expect(statusOf(writes[2]!)).to.equal('completed');
    });

    it('is cut short by cancel, and the rest goes on', async () => {
      await given([{ fault: { type: 'delay', milliseconds: 10 }, operation: 'transferOut', nth: 1 }]);
      const writes = [write(1), write(2), write(3)];
      writes[1]!.transfer.cancel();
      expect(statusesOf(...writes)).to.deep.equal(['pending', 'cancelled', 'pending']);
      writes[0]!.transfer.cancel();
      expect(statusesOf(...writes)).to.deep.equal(['cancelled', 'cancelled', 'completed']);
      expect(read().seen()?.transferred).to.equal(3);
    });

    it('of a control request holds up no other', async () => {
      await given([{ fault: { type: 'delay', milliseconds: 10 }, operation: 'control', nth: 1 }]);
      const first = usb.read(0x80, 6, 0x0100, 0, 18);
      expect((await usb.read(0x80, 6, 0x0100, 0, 18)).status).to.equal('completed');
      clock.advance(10);
      expect((await first).status).to.equal('completed');
    });
  });

  describe('hang', () => {
    const script: FaultScript = [{ fault: { type: 'hang' }, endpointAddress: Endpoint.echoOut, nth: 1 }];

    it('stays until it is cancelled; what follows waits, then goes on', async () => {
      await given(script);
      const writes = [write(1), write(2)];
      clock.advance(1e9);
      expect(statusesOf(...writes)).to.deep.equal(['pending', 'pending']);
      writes[0]!.transfer.cancel();
      writes[0]!.transfer.cancel();
      expect(statusesOf(...writes)).to.deep.equal(['cancelled', 'completed']);
    });

    const ends: [string, () => void, string][] = [
      ['abortEndpoint', () => usb.submit({ type: 'abortEndpoint', endpointAddress: Endpoint.echoOut }), 'cancelled'],
      ['setConfiguration', () => usb.submit({ type: 'setConfiguration', configurationValue: 1 }), 'cancelled'],
      ['resetDevice', () => usb.submit({ type: 'resetDevice' }), 'cancelled'],
      ['cyclePort', () => usb.submit({ type: 'cyclePort' }), 'disconnected'],
      ['close', () => void usb.close(), 'cancelled'],
      ['unplugging', () => device.unplug(), 'disconnected'],
    ];
    for (const [name, end, status] of ends) {
      it(`${name} ends it, and what follows, as ${status}`, async () => {
        await given(script);
        const writes = [write(1), write(2)];
        end();
        expect(statusesOf(...writes)).to.deep.equal([status, status]);
      });
    }

    it('abortEndpoint of another endpoint changes nothing', async () => {
      await given(script);
      const writes = [write(1), write(2)];
      await usb.run({ type: 'abortEndpoint', endpointAddress: Endpoint.echoIn });
      expect(statusesOf(...writes)).to.deep.equal(['pending', 'pending']);
    });

    it('a control request is given up after its timeout', async () => {
      await given([{ fault: { type: 'hang' }, operation: 'control' }]);
      const asking = usb.read(0x80, 6, 0x0100, 0, 18);
      clock.advance(1000);
      expect((await asking).status).to.equal('timedOut');
    });
  });

  it('unplug at the nth transfer: it and all that are pending are disconnected, and the device is gone', async () => {
    await given([{ fault: { type: 'unplug' }, operation: 'transferOut', nth: 3 }]);
    const reads = [usb.in(Endpoint.interruptIn, 8), read(), read(), read()];
    const { gone } = usb.device;
    expect(statusesOf(write(), write())).to.deep.equal(['completed', 'completed']);
    expect(gone.aborted).to.equal(false);
    expect(statusOf(write())).to.equal('disconnected');
    expect(statusesOf(...reads)).to.deep.equal(['disconnected', 'completed', 'completed', 'disconnected']);
    expect(gone.aborted).to.equal(true);
    expect(usb.device.gone.aborted).to.equal(true);
    expect((await usb.read(0x80, 0, 0, 0, 2)).status).to.equal('disconnected');
    await usb.close();
    expect(device.isOpen).to.equal(false);
    const refusal = await usb.device.open().catch((error: unknown) => error);
    expect(refusal).to.have.property('message', 'the device was unplugged by its fault script');
  });

  describe('which operations', () => {
    it('every: each so-manieth, counted by its rule; times: no more than that', async () => {
      await given([{ fault: { type: 'fail', status: 'failed' }, operation: 'transferOut', every: 2, times: 2 }]);
      const statuses = Array.from({ length: 8 }, () => statusOf(write()));
      expect(statuses.map((each) => each === 'failed')).to.deep.equal([
        ...[false, true, false, true, false, false, false, false],
      ]);
      expect(faults).to.deep.equal(['fail', 'fail']);
    });

    it('the first rule that applies is taken, and the others count on', async () => {
      await given([
        { fault: { type: 'fail', status: 'busy' }, operation: 'transferOut', nth: 2 },
        { fault: { type: 'fail', status: 'failed' }, operation: 'transferOut', every: 2 },
      ]);
      expect(Array.from({ length: 4 }, () => statusOf(write()))).to.deep.equal([
        ...['completed', 'busy', 'completed', 'failed'],
      ]);
    });

    it('probability: as often as it says, and the same for the same seed', async () => {
      const outcomes = async (seed: number, probability: number) => {
        await given([{ fault: { type: 'fail', status: 'failed' }, operation: 'transferOut', probability }], { seed });
        return Array.from({ length: 2000 }, () => (statusOf(write(1)) === 'failed' ? 1 : 0));
      };
      const total = (all: readonly number[]) => all.reduce<number>((sum, each) => sum + each, 0);
      for (const seed of [0, 1, 0x9e3779b9, 12345]) {
        const once = await outcomes(seed, 0.25);
        expect(total(once)).to.be.within(420, 580);
        expect(await outcomes(seed, 0.25)).to.deep.equal(once);
        expect(await outcomes(seed + 1, 0.25)).not.to.deep.equal(once);
      }
      expect(total(await outcomes(1, 0))).to.equal(0);
      expect(total(await outcomes(1, 1))).to.equal(2000);
    });

    it('the script is data: it survives JSON', async () => {
      const script: FaultScript = [{ fault: { type: 'stall' }, endpointAddress: Endpoint.echoOut, nth: 1 }];
      await given(JSON.parse(JSON.stringify(script)) as FaultScript);
      expect(statusOf(write())).to.equal('stalled');
    });

    const wrong: [FaultRule, string][] = [
      [{ fault: { type: 'stall' }, nth: 0 }, 'fault rule 1 (stall): nth 0: give an integer from 1'],
      [{ fault: { type: 'stall' }, nth: 1, every: 2 }, 'give one of nth, every and probability'],
      [{ fault: { type: 'stall' }, times: 1.5 }, 'times 1.5: give an integer from 1'],
      [{ fault: { type: 'stall' }, probability: 2 }, 'probability 2: give a number from 0 to 1'],
      [{ fault: { type: 'short', length: -1 } }, 'length -1: give an integer from 0'],
      [{ fault: { type: 'babble', extra: 0 } }, 'extra 0: give an integer from 1'],
      [{ fault: { type: 'losePackets', every: 0 } }, 'every 0: give an integer from 1'],
      [{ fault: { type: 'delay', milliseconds: NaN } }, 'milliseconds NaN: give a number from 0'],
    ];
    for (const [rule, message] of wrong) {
      it(`refuses a rule: ${message}`, async () => {
        await given([]);
        expect(() => withFaults(device, [rule], { clock })).to.throw(UsageError, message);
      });
    }
    it('refuses a delay without a clock', async () => {
      await given([]);
      const script: FaultScript = [{ fault: { type: 'delay', milliseconds: 1 } }];
      expect(() => withFaults(device, script)).to.throw(UsageError, 'there is no clock to wait by: give one');
    });
  });

  describe('isochronous', () => {
    const stream = async (fault: FaultRule['fault']) => {
      await given([]);
      await usb.close();
      const source = new IsochronousDevice(clock);
      source.packet = (frame) => Uint8Array.of(frame, frame);
      usb = new Recorder(withFaults(source, [{ fault, times: 2 }], { clock }));
      await usb.open();
      source.submit({ type: 'setConfiguration', configurationValue: 1 }, () => {});
      const common = { packetLengths: [8, 8, 8, 8], startFrame: undefined };
      const [input, output] = [
        usb.submit({ type: 'isochronousIn', endpointAddress: Iso.in, ...common }),
        usb.submit({ type: 'isochronousOut', endpointAddress: Iso.out, data: bytes(32), ...common }),
      ];
      clock.advance(6);
      return [await input.result, await output.result] as const;
    };
    const lengths = (packets: readonly { length: number }[] | undefined) => packets?.map(({ length }) => length);

    it('losePackets: every so-manieth has failed, without its bytes', async () => {
      const [input, output] = await stream({ type: 'losePackets', every: 2 });
      expect(lengths(input.packets)).to.deep.equal([2, 0, 2, 0]);
      expect(input.packets?.[1]?.status).to.equal('failed');
      expect([...input.data]).to.deep.equal([1, 1, 3, 3]);
      expect(input.transferred).to.equal(4);
      expect(lengths(output.packets)).to.deep.equal([8, 0, 8, 0]);
      expect(output.transferred).to.equal(16);
    });

    it('short: each packet is cut', async () => {
      const [input] = await stream({ type: 'short', length: 1 });
      expect(lengths(input.packets)).to.deep.equal([1, 1, 1, 1]);
      expect([...input.data]).to.deep.equal([1, 2, 3, 4]);
    });

    it('babble: the last packet is too long', async () => {
      const [input, output] = await stream({ type: 'babble', extra: 20 });
      expect(lengths(output.packets)).to.deep.equal([8, 8, 8, 28]);
      expect(output.transferred).to.equal(52);
      expect(lengths(input.packets)).to.deep.equal([2, 2, 2, 22]);
      expect(input.data.byteLength).to.equal(28);
      expect(input.transferred).to.equal(28);
    });

    it('stall is no halt', async () => {
      const [input, output] = await stream({ type: 'stall' });
      expect([input.status, output.status]).to.deep.equal(['stalled', 'stalled']);
    });
  });

  it('whatever the script, the operations and what is cancelled: each operation ends once', async () => {
    const fault = fc.oneof(
      fc.constantFrom<FaultRule['fault']>({ type: 'stall' }, { type: 'hang' }, { type: 'unplug' }),
      fc.record({ type: fc.constant('fail' as const), status: fc.constantFrom('failed' as const, 'busy' as const) }),
      fc.record({ type: fc.constant('short' as const), length: fc.nat(9) }),
      fc.record({ type: fc.constant('babble' as const), extra: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ type: fc.constant('delay' as const), milliseconds: fc.nat(5) }),
    );
    const rule = fc.record({ fault, probability: fc.double({ min: 0, max: 0.5, noNaN: true }) });
    const action = fc.oneof(
      fc.record({ type: fc.constant('out' as const), size: fc.nat(600) }),
      fc.record({ type: fc.constantFrom('in' as const, 'control' as const, 'abort' as const, 'clear' as const, 'reset' as const) }), // prettier-ignore
      fc.record({ type: fc.constant('cancel' as const), index: fc.nat(30) }),
      fc.record({ type: fc.constant('pass' as const), milliseconds: fc.nat(4) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 4 }),
        fc.nat(),
        fc.array(action, { maxLength: 40 }),
        async (script, seed, actions) => {
          await given(script, { seed });
          const watched: Watched[] = [];
          const setup = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
          for (const each of actions) {
            if (each.type === 'out') watched.push(write(each.size));
            if (each.type === 'in') watched.push(read());
            if (each.type === 'control')
              watched.push(usb.submit({ type: 'control', setup, data: bytes(0), timeout: 3 }));
            if (each.type === 'abort') watched.push(usb.submit({ type: 'abortEndpoint', endpointAddress: Endpoint.echoOut })); // prettier-ignore
            if (each.type === 'clear')
              watched.push(usb.submit({ type: 'clearHalt', endpointAddress: Endpoint.echoOut }));
            if (each.type === 'reset') watched.push(usb.submit({ type: 'resetDevice' }));
            if (each.type === 'cancel') watched[each.index]?.transfer.cancel();
            if (each.type === 'pass') clock.advance(each.milliseconds);
          }
          await usb.close();
          expect(watched.map((each) => each.completions())).to.deep.equal(watched.map(() => 1));
          expect([usb.pending, clock.pending]).to.deep.equal([0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
