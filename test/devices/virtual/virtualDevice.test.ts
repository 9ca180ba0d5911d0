import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';
import type { OutEnd } from '../../../src/devices/virtual/outEndpoint.ts';
import { Endpoint, LoopbackDevice } from './loopbackDevice.ts';

const bytes = (size: number, first = 0) => Uint8Array.from({ length: size }, (_, index) => (first + index) & 0xff);

describe('a virtual device', () => {
  let device: LoopbackDevice;
  let usb: Recorder;

  beforeEach(async () => {
    device = new LoopbackDevice();
    usb = await configured(device);
  });
  afterEach(() => closeCleanly(usb));

  const requests: [name: string, setup: Parameters<Recorder['read']>, answer: string | undefined][] = [
    ['languages (9.4.3)', [0x80, 6, 0x0300, 0, 255], '04 03 0904'],
    ['string 1 (9.4.3)', [0x80, 6, 0x0301, 0x0409, 255], '0e 03 5400 6500 7300 7400 6500 7200'],
    ['string 1 cut to its header (9.4.3)', [0x80, 6, 0x0301, 0x0409, 2], '0e 03'],
    ['string 3, which is not there (9.4.3)', [0x80, 6, 0x0303, 0x0409, 255], undefined],
    ['the Microsoft OS string (9.4.3)', [0x80, 6, 0x03ee, 0, 18], undefined],
    ['configuration 2 by index (9.4.3)', [0x80, 6, 0x0201, 0, 255], '09 02 0900 00 02 00 80 32'],
    ['configuration index 2, which is not there (9.4.3)', [0x80, 6, 0x0202, 0, 255], undefined],
    ['a device qualifier that it does not have (9.4.3)', [0x80, 6, 0x0600, 0, 10], undefined],
    ['a BOS that it does not have (9.4.3)', [0x80, 6, 0x0f00, 0, 5], undefined],
    ['GET_CONFIGURATION (9.4.2)', [0x80, 8, 0, 0, 1], '01'],
    ['GET_INTERFACE (9.4.4)', [0x81, 10, 0, 0, 1], '00'],
    ['GET_INTERFACE of interface 5 (9.4.4)', [0x81, 10, 0, 5, 1], undefined],
    ['GET_STATUS of the device: self-powered (9.4.5)', [0x80, 0, 0, 0, 2], '0100'],
    ['GET_STATUS of the interface (9.4.5)', [0x81, 0, 0, 0, 2], '0000'],
    ['GET_STATUS of interface 5 (9.4.5)', [0x81, 0, 0, 5, 2], undefined],
    ['GET_STATUS of an endpoint (9.4.5)', [0x82, 0, 0, 0x81, 2], '0000'],
    ['GET_STATUS of endpoint 0 (9.4.5)', [0x82, 0, 0, 0, 2], '0000'],
    ['GET_STATUS of endpoint 0x85 (9.4.5)', [0x82, 0, 0, 0x85, 2], undefined],
    ['SYNCH_FRAME (9.4.11)', [0x82, 12, 0, 0x81, 2], undefined],
    ['SET_ADDRESS (9.4.6)', [0x00, 5, 7, 0, 0], undefined],
    ['SET_FEATURE(TEST_MODE) (9.4.9)', [0x00, 3, 2, 0x0100, 0], undefined],
    ['SET_FEATURE(DEVICE_REMOTE_WAKEUP) (9.4.9)', [0x00, 3, 1, 0, 0], ''],
    ['SET_FEATURE of the interface (9.4.9)', [0x01, 3, 0, 0, 0], undefined],
    ['SET_FEATURE(ENDPOINT_HALT) of endpoint 0 (9.4.9)', [0x02, 3, 0, 0, 0], undefined],
    ['SET_FEATURE(ENDPOINT_HALT) of endpoint 0x85 (9.4.9)', [0x02, 3, 0, 0x85, 0], undefined],
    ['CLEAR_FEATURE(ENDPOINT_HALT) of endpoint 0 (9.4.1)', [0x02, 1, 0, 0, 0], ''],
    ['CLEAR_FEATURE(1) of an endpoint (9.4.1)', [0x02, 1, 1, 0x81, 0], undefined],
    ['SET_CONFIGURATION(9), which is not there (9.4.7)', [0x00, 9, 9, 0, 0], undefined],
    ['SET_INTERFACE(0, 3), which is not there (9.4.10)', [0x01, 11, 3, 0, 0], undefined],
    ['a vendor request', [0xc0, 1, 0, 0, 4], '01020304'],
    ['a vendor request that asks for less', [0xc0, 1, 0, 0, 2], '0102'],
    ['a request to another recipient', [0x83, 0, 0, 0, 2], undefined],
  ];
  for (const [name, setup, answer] of requests) {
    it(`${answer === undefined ? 'stalls' : 'answers'} ${name}`, async () => {
      const result = await usb.read(...setup);
      expect(result.status).to.equal(answer === undefined ? 'stalled' : 'completed');
      expect(toHex(result.data)).to.equal(toHex(fromHex(answer ?? '')));
    });
  }

  it('remembers remote wake-up (9.4.5)', async () => {
    await usb.write(0x00, 3, 1, 0);
    expect(toHex((await usb.read(0x80, 0, 0, 0, 2)).data)).to.equal('0300');
    await usb.write(0x00, 1, 1, 0);
    expect(toHex((await usb.read(0x80, 0, 0, 0, 2)).data)).to.equal('0100');
  });

  it('gives vendor requests to the device, with their data', async () => {
    expect((await usb.write(0x40, 2, 3, 4, bytes(5))).transferred).to.equal(5);
    expect(device.requests.at(-1)).to.deep.equal({
      bmRequestType: 0x40,
      bRequest: 2,
      wValue: 3,
      wIndex: 4,
      wLength: 5,
    });
  });

  it('refuses a control request whose data is not wLength bytes', async () => {
    const setup = { bmRequestType: 0x40, bRequest: 2, wValue: 0, wIndex: 0, wLength: 5 };
    const result = await usb.run({ type: 'control', setup, data: bytes(4), timeout: 0 });
    expect(result.status).to.equal('invalidParameter');
  });

  it('the receiver owns what it gets: changing it changes nothing in the device', async () => {
    (await usb.read(0xc0, 1, 0, 0, 4)).data.fill(9);
    (await usb.read(0x80, 6, 0x0100, 0, 18)).data.fill(9);
    expect(toHex(device.answer)).to.equal('01020304');
    expect(device.deviceDescriptor[0]).to.equal(18);
  });

  describe('configurations and settings', () => {
    it('has no endpoints before it is configured (9.1.1.5)', async () => {
      await usb.run({ type: 'setConfiguration', configurationValue: 0 });
      expect((await usb.in(Endpoint.interruptIn, 8).result).status).to.equal('notFound');
      expect((await usb.read(0x80, 8, 0, 0, 1)).data[0]).to.equal(0);
    });

    it('SET_CONFIGURATION as a control request does the same as the operation', async () => {
      const pending = usb.in(Endpoint.interruptIn, 8);
      expect((await usb.write(0x00, 9, 2, 0)).status).to.equal('completed');
      expect((await pending.result).status).to.equal('cancelled');
      expect((await usb.in(Endpoint.interruptIn, 8).result).status).to.equal('notFound');
      expect((await usb.read(0x80, 8, 0, 0, 1)).data[0]).to.equal(2);
    });

    it('another alternate setting has other endpoints, and ends the transfers of the old', async () => {
      const pending = usb.in(Endpoint.echoIn, 8);
      await usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
      expect((await pending.result).status).to.equal('cancelled');
      expect((await usb.in(Endpoint.echoIn, 8).result).status).to.equal('notFound');
      expect((await usb.read(0x81, 10, 0, 0, 1)).data[0]).to.equal(1);
    });

    it('tells the device that everything begins anew', async () => {
      const before = device.resets;
      await usb.run({ type: 'setConfiguration', configurationValue: 1 });
      await usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 });
      await usb.run({ type: 'resetDevice' });
      expect(device.resets).to.equal(before + 3);
    });

    it('resetDevice ends transfers and halts, and keeps configuration and settings', async () => {
      const pending = usb.in(Endpoint.echoIn, 8);
      await usb.write(0x02, 3, 0, Endpoint.interruptIn);
      await usb.run({ type: 'resetDevice' });
      expect((await pending.result).status).to.equal('cancelled');
      expect((await usb.read(0x82, 0, 0, Endpoint.interruptIn, 2)).data[0]).to.equal(0);
      expect((await usb.read(0x80, 8, 0, 0, 1)).data[0]).to.equal(1);
    });

    it('has no isochronous transfers without a clock, and says so', async () => {
      await usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
      const read = (endpointAddress: number) =>
        usb.run({ type: 'isochronousIn', endpointAddress, packetLengths: [8], startFrame: undefined });
      expect((await read(Endpoint.isochronousIn)).status).to.equal('notSupported');
      expect((await read(0x8f)).status).to.equal('notFound');
      expect((await usb.in(Endpoint.isochronousIn, 8).result).status).to.equal('invalidParameter');
    });

    it('refuses a transfer against the direction of its endpoint', async () => {
      expect((await usb.in(Endpoint.echoOut, 8).result).status).to.equal('invalidParameter');
      expect((await usb.out(Endpoint.echoIn, bytes(8)).result).status).to.equal('invalidParameter');
      const isochronous = { type: 'isochronousIn', packetLengths: [8], startFrame: undefined } as const;
      const result = await usb.run({ ...isochronous, endpointAddress: Endpoint.echoIn });
      expect(result.status).to.equal('invalidParameter');
    });
  });

  describe('packets of an IN endpoint (5.8.3; packets of 512 bytes)', () => {
    const cases: [name: string, sent: number[], asked: number[], got: [string, number][]][] = [
      ['a short packet ends the transfer', [100], [512], [['completed', 100]]],
      ['a short packet after full ones ends the transfer', [1100], [4096], [['completed', 1100]]],
      ['a transfer that is full ends', [1024], [1024], [['completed', 1024]]],
      ['an empty packet ends the transfer', [0], [512], [['completed', 0]]],
      ['full packets do not end it: the next send goes on', [512, 512, 13], [4096], [['completed', 1037]]],
      ['full packets and an empty one end it', [512, 0], [4096], [['completed', 512]]],
      ['a short packet stands between two transfers', [13, 13], [512, 512], [['completed', 13], ['completed', 13]]], // prettier-ignore
      [
        'one send fills several transfers',
        [1536],
        [512, 1024],
        [
          ['completed', 512],
          ['completed', 1024],
        ],
      ],
      ['a buffer of any size takes a packet that fits', [13], [13], [['completed', 13]]],
      ['a buffer that is no multiple takes whole packets', [512, 36], [548], [['completed', 548]]],
      ['a packet larger than the buffer overflows, and is lost', [512, 13], [36, 512], [['overflowed', 0], ['completed', 13]]], // prettier-ignore
      ['whole packets before an overflow are kept', [1024, 13], [600, 512], [['overflowed', 512], ['completed', 13]]], // prettier-ignore
      ['a short packet larger than the buffer overflows', [100], [64], [['overflowed', 0]]],
      ['an empty buffer takes an empty packet', [0], [0], [['completed', 0]]],
    ];
    for (const order of ['sent before it is asked for', 'asked for before it is sent']) {
      for (const [name, sent, asked, got] of cases) {
        it(`${name}, ${order}`, async () => {
          const send = () => sent.forEach((size, index) => device.bus.send(Endpoint.echoIn, bytes(size, index)));
          if (order.startsWith('sent')) send();
          const watched = asked.map((length) => usb.in(Endpoint.echoIn, length));
          if (order.startsWith('asked')) send();
          const results = await Promise.all(watched.map((each) => each.result));
          expect(results.map((each) => [each.status, each.data.byteLength])).to.deep.equal(got);
          expect(results.map((each) => each.transferred)).to.deep.equal(got.map(([, size]) => size));
        });
      }
    }

    it('hands over the bytes that were sent, by reference where one send fills the transfer', async () => {
      const sent = bytes(1024);
      device.bus.send(Endpoint.echoIn, sent);
      const first = await usb.in(Endpoint.echoIn, 512).result;
      const second = await usb.in(Endpoint.echoIn, 512).result;
      expect(first.data.buffer).to.equal(sent.buffer);
      expect(toHex(first.data) + toHex(second.data)).to.equal(toHex(sent));
    });

    it('keeps bytes in order when they come from several sends', async () => {
      const pending = usb.in(Endpoint.echoIn, 2048);
      device.bus.send(Endpoint.echoIn, bytes(512, 1));
      device.bus.send(Endpoint.echoIn, bytes(512, 2));
      device.bus.send(Endpoint.echoIn, bytes(3, 3));
      expect(toHex((await pending.result).data)).to.equal(toHex(bytes(512, 1)) + toHex(bytes(512, 2)) + '030405');
    });

    it('a cancelled transfer keeps the bytes that came', async () => {
      const pending = usb.in(Endpoint.echoIn, 2048);
      device.bus.send(Endpoint.echoIn, bytes(512));
      pending.transfer.cancel();
      const result = await pending.result;
      expect(result).to.deep.include({ status: 'cancelled', transferred: 512 });
      expect(result.data.byteLength).to.equal(512);
    });

    it('tells the device when the last byte is taken, once', async () => {
      device.bus.send(Endpoint.echoIn, bytes(1024));
      await usb.in(Endpoint.echoIn, 512).result;
      expect(device.drains).to.deep.equal([]);
      await usb.in(Endpoint.echoIn, 512).result;
      expect(device.drains).to.deep.equal([Endpoint.echoIn]);
    });

    it('halts behind the bytes that were sent before, and goes on when the halt is cleared', async () => {
      device.bus.send(Endpoint.echoIn, bytes(512));
      device.bus.stall(Endpoint.echoIn);
      device.bus.send(Endpoint.echoIn, bytes(13));
      const first = await usb.in(Endpoint.echoIn, 1024).result;
      expect(first).to.deep.include({ status: 'stalled', transferred: 512 });
      expect((await usb.read(0x82, 0, 0, Endpoint.echoIn, 2)).data[0]).to.equal(1);
      expect((await usb.in(Endpoint.echoIn, 13).result).status).to.equal('stalled');
      await usb.run({ type: 'resetEndpoint', endpointAddress: Endpoint.echoIn });
      expect((await usb.in(Endpoint.echoIn, 13).result).status, 'the host alone clears nothing').to.equal('stalled');
      await usb.run({ type: 'clearHalt', endpointAddress: Endpoint.echoIn });
      expect(device.cleared).to.deep.equal([Endpoint.echoIn]);
      expect((await usb.in(Endpoint.echoIn, 13).result).transferred).to.equal(13);
    });
  });

  describe('OUT endpoints', () => {
    /** A promise, and what settles it. */
    function deferred() {
      let resolve: (end: OutEnd) => void = () => {};
      let reject: (error: Error) => void = () => {};
      const promise = new Promise<OutEnd>((done, failed) => ((resolve = done), (reject = failed)));
      return { promise, resolve, reject };
    }

    it('a transfer waits while the device is not ready, and can be cancelled', async () => {
      const [first, second] = [usb.out(Endpoint.slowOut, bytes(1)), usb.out(Endpoint.slowOut, bytes(2))];
      first.transfer.cancel();
      expect((await first.result).status).to.equal('cancelled');
      expect(second.seen()).to.equal(undefined);
      const taken: number[] = [];
      device.takeSlowly = (data) => {
        taken.push(data.byteLength);
        return { type: 'accepted' };
      };
      device.bus.resume(Endpoint.slowOut);
      expect((await second.result).transferred).to.equal(2);
      expect(taken).to.deep.equal([2]);
    });

    it('a device that becomes ready while it is asked is asked again', async () => {
      let asked = 0;
      device.takeSlowly = () => {
        asked += 1;
        if (asked > 1) return { type: 'accepted' };
        device.bus.resume(Endpoint.slowOut);
        return 'notReady';
      };
      expect((await usb.out(Endpoint.slowOut, bytes(1)).result).status).to.equal('completed');
      expect(asked).to.equal(2);
    });

    it('transfers reach the device one after the other', async () => {
      const first = deferred();
      const taken: number[] = [];
      device.takeSlowly = (data) => {
        taken.push(data.byteLength);
        return first.promise;
      };
      const watched = [usb.out(Endpoint.slowOut, bytes(1)), usb.out(Endpoint.slowOut, bytes(2))];
      expect(taken).to.deep.equal([1]);
      first.resolve({ type: 'accepted' });
      await Promise.all(watched.map((each) => each.result));
      expect(taken).to.deep.equal([1, 2]);
    });

    it('what follows from a transfer does not overtake its result', async () => {
      const seen: string[] = [];
      device.takeSlowly = () => ({ type: 'accepted', after: () => seen.push('after') });
      const operation = { type: 'transferOut', endpointAddress: Endpoint.slowOut, data: bytes(1) } as const;
      await new Promise<void>((resolve) => {
        device.submit(operation, () => {
          seen.push('result');
          resolve();
        });
      });
      expect(seen).to.deep.equal(['result', 'after']);
    });

    it('a transfer that stalls says how much was taken, and halts the endpoint', async () => {
      device.takeSlowly = () => ({ type: 'stalled', accepted: 5 });
      expect(await usb.out(Endpoint.slowOut, bytes(9)).result).to.deep.include({ status: 'stalled', transferred: 5 });
      device.takeSlowly = () => ({ type: 'accepted' });
      expect((await usb.out(Endpoint.slowOut, bytes(9)).result).status).to.equal('stalled');
      await usb.write(0x02, 1, 0, Endpoint.slowOut);
      expect((await usb.out(Endpoint.slowOut, bytes(9)).result).status).to.equal('completed');
    });

    it('a transfer of which the device took a part goes on with the rest, or tells the part when it ends early', async () => {
      const offered: number[] = [];
      device.takeSlowly = (data) => {
        offered.push(data.byteLength);
        return data.byteLength > 6 ? { type: 'partly', accepted: 4 } : { type: 'accepted' };
      };
      const whole = usb.out(Endpoint.slowOut, bytes(9));
      device.bus.resume(Endpoint.slowOut);
      expect(await whole.result).to.deep.include({ status: 'completed', transferred: 9 });
      const cut = usb.out(Endpoint.slowOut, bytes(14));
      cut.transfer.cancel();
      expect(await cut.result).to.deep.include({ status: 'cancelled', transferred: 4 });
      const stalled = usb.out(Endpoint.slowOut, bytes(13));
      device.bus.stall(Endpoint.slowOut);
      expect(await stalled.result).to.deep.include({ status: 'stalled', transferred: 4 });
      expect(offered).to.deep.equal([9, 5, 14, 13]);
    });

    it('a device that fails stalls', async () => {
      device.takeSlowly = () => Promise.reject(new Error('broken'));
      expect((await usb.out(Endpoint.slowOut, bytes(9)).result).status).to.equal('stalled');
    });

    it('abort, close and a new configuration wait for the device that uses the bytes', async () => {
      const slow = deferred();
      device.takeSlowly = () => slow.promise;
      const watched = usb.out(Endpoint.slowOut, bytes(4));
      watched.transfer.cancel();
      const abort = usb.submit({ type: 'abortEndpoint', endpointAddress: Endpoint.slowOut });
      await usb.run({ type: 'setConfiguration', configurationValue: 1 });
      const closing = usb.close();
      await Promise.resolve();
      expect([watched.seen(), abort.seen()]).to.deep.equal([undefined, undefined]);
      slow.resolve({ type: 'accepted' });
      await closing;
      expect(watched.seen()).to.deep.include({ status: 'completed', transferred: 4 });
      expect(abort.seen()?.status).to.equal('completed');
    });

    it('an unplugged device ends a transfer that it is still at as disconnected', async () => {
      const slow = deferred();
      device.takeSlowly = () => slow.promise;
      const watched = [usb.out(Endpoint.slowOut, bytes(4)), usb.out(Endpoint.slowOut, bytes(4))];
      device.unplug();
      slow.resolve({ type: 'accepted' });
      expect((await watched[0]!.result).status).to.equal('disconnected');
      expect((await watched[1]!.result).status).to.equal('disconnected');
    });
  });

  it('callbacks may submit, cancel and close', async () => {
    const seen: string[] = [];
    const operation = { type: 'transferIn', endpointAddress: Endpoint.echoIn, length: 512 } as const;
    await new Promise<void>((resolve) => {
      const again = device.submit(operation, (result) => seen.push(`second ${result.status}`));
      device.submit(operation, (result) => {
        seen.push(`third ${result.status}`);
        void device.close().then(resolve);
      });
      device.submit({ type: 'abortEndpoint', endpointAddress: Endpoint.interruptIn }, () => again.cancel());
      device.bus.send(Endpoint.echoIn, bytes(3));
    });
    expect(seen).to.deep.equal(['second cancelled', 'third completed']);
  });

  it('a long chain of transfers, each submitted by the one before, does not grow the stack', async () => {
    const transfers = 20_000;
    let left = transfers;
    device.bus.send(Endpoint.echoIn, bytes(512 * transfers));
    await new Promise<void>((resolve) => {
      const next = () => {
        left -= 1;
        if (left < 0) resolve();
        else device.submit({ type: 'transferIn', endpointAddress: Endpoint.echoIn, length: 512 }, next);
      };
      next();
    });
    const data = bytes(1);
    left = transfers;
    await new Promise<void>((resolve) => {
      const next = () => {
        left -= 1;
        if (left < 0) resolve();
        else device.submit({ type: 'transferOut', endpointAddress: Endpoint.echoOut, data }, next);
      };
      next();
    });
  });
});
