import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { resultOf } from '../../../src/usb/results.ts';
import { bytes, FakeUsbDevice, result, standardAnswers } from '../fakeUsbDevice.ts';
import { rejection } from '../rejection.ts';

async function opened(): Promise<{ port: FakeUsbDevice; device: RemoteDevice }> {
  const port = new FakeUsbDevice();
  const device = new RemoteDevice(port);
  await device.open();
  await device.claimInterface(0);
  await device.claimInterface(1);
  await device.selectAlternateInterface(1, 1);
  port.submitted.length = 0;
  return { port, device };
}

const vendorRequest = {
  requestType: 'vendor',
  recipient: 'device',
  request: 0x51,
  value: 0x1234,
  index: 0x5678,
} as const;

function hexOf(view: DataView | undefined): string | undefined {
  return view && Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}

describe('RemoteDevice transfers', () => {
  it('transferIn gives the bytes that the device gave, and nothing else in their buffer', async () => {
    const { port, device } = await opened();
    const received = bytes('00 01 02 03 04 05').subarray(2, 5);
    const promise = device.transferIn(1, 512);
    expect(port.given[0]?.operation).to.deep.equal({ type: 'transferIn', endpointAddress: 0x81, length: 512 });
    port.given[0]?.complete(result('completed', received));
    const { status, data } = await promise;
    expect(status).to.equal('ok');
    expect(hexOf(data)).to.equal('020304');
    // As in browsers, where code takes the whole buffer.
    expect([...new Uint8Array(data!.buffer)]).to.deep.equal([2, 3, 4]);
  });

  it('transferIn copies nothing where the buffer holds the data alone', async () => {
    const { port, device } = await opened();
    const received = bytes('00 01 02');
    const promise = device.transferIn(1, 512);
    port.given[0]?.complete(result('completed', received));
    expect((await promise).data?.buffer).to.equal(received.buffer);
  });

  it('controlTransferIn and isochronousTransferIn give buffers that hold the data alone', async () => {
    const { port, device } = await opened();
    const control = device.controlTransferIn(vendorRequest, 8);
    port.given[0]?.complete(result('completed', Buffer.from('00 01 02 03').subarray(0, 2)));
    expect((await control).data?.buffer.byteLength).to.equal(2);
    const isochronous = device.isochronousTransferIn(4, [8, 8]);
    const packets = [
      { status: 'completed', length: 1 },
      { status: 'completed', length: 2 },
    ] as const;
    port.given.at(-1)?.complete({ ...result('completed', bytes('ff 01 02 03').subarray(1)), packets });
    const { data, packets: views } = await isochronous;
    expect([...new Uint8Array(data!.buffer)]).to.deep.equal([1, 2, 3]);
    expect(views.map(({ data: view }) => hexOf(view))).to.deep.equal(['01', '0203']);
    expect(views[1]?.data?.buffer).to.equal(data!.buffer);
  });

  it('transferIn of an empty packet gives empty data', async () => {
    const { port, device } = await opened();
    const promise = device.transferIn(3, 8);
    port.given[0]?.complete(result('completed'));
    expect((await promise).data?.byteLength).to.equal(0);
  });

  it('transferIn of an empty packet gives data whose buffer may be transferred', async () => {
    const { port, device } = await opened();
    port.answer = () => resultOf('completed');
    for (let round = 0; round < 2; round += 1) {
      const { data } = await device.transferIn(3, 8);
      structuredClone(data!.buffer, { transfer: [data!.buffer as ArrayBuffer] });
    }
  });

  for (const [name, data] of [
    ['an ArrayBuffer', bytes('010203').buffer as ArrayBuffer],
    ['a DataView', new DataView(bytes('ff010203ff').buffer, 1, 3)],
    ['a Uint8Array', bytes('ff010203ff').subarray(1, 4)],
    ['a Uint16Array', new Uint16Array(bytes('ffff010203ff').buffer, 2, 1)],
  ] as const) {
    it(`transferOut takes ${name}`, async () => {
      const { port, device } = await opened();
      const promise = device.transferOut(2, data);
      const operation = port.given[0]?.operation;
      expect(operation).to.include({ type: 'transferOut', endpointAddress: 2 });
      const sent = operation?.type === 'transferOut' ? operation.data : new Uint8Array(0);
      expect(Buffer.from(sent).toString('hex')).to.equal('010203'.slice(0, data.byteLength * 2));
      expect(sent.buffer, 'no copy').to.equal(data instanceof ArrayBuffer ? data : data.buffer);
      port.given[0]?.complete(result('completed', undefined, sent.byteLength));
      expect(await promise).to.deep.equal({ status: 'ok', bytesWritten: sent.byteLength });
    });
  }

  it('control transfers carry the setup packet, [USB 2.0] 9.3', async () => {
    const { port, device } = await opened();
    void device.controlTransferIn(vendorRequest, 18);
    void device.controlTransferOut(
      { ...vendorRequest, requestType: 'class', recipient: 'interface', index: 1 },
      bytes('0a0b'),
    );
    void device.controlTransferOut({ ...vendorRequest, requestType: 'standard', recipient: 'endpoint', index: 0x81 });
    void device.controlTransferOut({ ...vendorRequest, recipient: 'other', request: 0x1ff, value: -1, index: 0x10002 });
    const setups = port.submitted.map((operation) => operation.type === 'control' && Object.values(operation.setup));
    expect(setups).to.deep.equal([
      [0xc0, 0x51, 0x1234, 0x5678, 18],
      [0x21, 0x51, 0x1234, 1, 2],
      [0x02, 0x51, 0x1234, 0x81, 0],
      [0x43, 0xff, 0xffff, 2, 0],
    ]);
    for (const given of [...port.given]) given.complete(result('completed'));
  });

  it('a request type or recipient that does not exist is a TypeError that lists the right ones', async () => {
    const { device } = await opened();
    for (const requestType of ['vendors', 'constructor']) {
      const wrong = { ...vendorRequest, requestType } as unknown as USBControlTransferParameters;
      const error = await rejection(device.controlTransferIn(wrong, 1));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.equal(
        `setup.requestType: '${requestType}' is unknown; use one of: standard, class, vendor`,
      );
    }
  });

  it('a stall resolves with status stall and what was moved before', async () => {
    const { port, device } = await opened();
    const first = device.transferIn(1, 64);
    const others = [
      device.transferIn(1, 64),
      device.transferOut(2, bytes('00')),
      device.controlTransferIn(vendorRequest, 4),
      device.controlTransferOut(vendorRequest),
    ];
    port.given[0]?.complete(result('stalled', bytes('0102')));
    for (const given of [...port.given]) given.complete(result('stalled', undefined, 0));
    const { status, data } = await first;
    expect([status, hexOf(data)]).to.deep.equal(['stall', '0102']);
    expect(await Promise.all(others)).to.deep.equal([
      { status: 'stall' },
      { status: 'stall', bytesWritten: 0 },
      { status: 'stall' },
      { status: 'stall', bytesWritten: 0 },
    ]);
  });

  it('more than was asked for resolves with status babble', async () => {
    const { port, device } = await opened();
    const promise = device.transferIn(1, 2);
    port.given[0]?.complete(result('overflowed', bytes('0102')));
    const { status, data } = await promise;
    expect([status, hexOf(data)]).to.deep.equal(['babble', '0102']);
  });

  for (const [status, name] of [
    ['failed', 'NetworkError'],
    ['timedOut', 'NetworkError'],
    ['disconnected', 'NetworkError'],
    ['notSupported', 'NetworkError'],
    ['invalidParameter', 'NetworkError'],
    ['notFound', 'NetworkError'],
    ['busy', 'NetworkError'],
    ['outOfMemory', 'NetworkError'],
    ['cancelled', 'AbortError'],
  ] as const) {
    it(`${status} rejects with ${name} in one line`, async () => {
      const { port, device } = await opened();
      const transfers = [
        device.transferIn(1, 2),
        device.transferOut(2, bytes('00')),
        device.controlTransferIn(vendorRequest, 2),
        device.isochronousTransferIn(4, [1]),
        device.isochronousTransferOut(5, bytes('00'), [1]),
      ].map(rejection);
      for (const given of [...port.given]) given.complete(result(status));
      for (const error of await Promise.all(transfers)) {
        expect(error.name).to.equal(name);
        expect(error.message)
          .to.match(/^\w+(\(.*\))?: .*[\w)]$/)
          .and.not.contain('\n');
      }
    });
  }

  it('sizes that no transfer can have are a DataError, and nothing is submitted', async () => {
    const { port, device } = await opened();
    const tooMuch = [
      device.transferIn(1, 32 * 1024 * 1024 + 1),
      device.transferIn(1, -1),
      device.transferIn(1, 1.5),
      device.transferOut(2, { byteLength: 2 ** 32 } as ArrayBuffer),
      device.controlTransferIn(vendorRequest, 65536),
      device.controlTransferOut(vendorRequest, new Uint8Array(65536)),
      device.isochronousTransferIn(4, [2 ** 31]),
      device.isochronousTransferIn(4, [-1]),
      device.isochronousTransferOut(5, bytes('0102'), [1]),
    ];
    for (const promise of tooMuch) expect((await rejection(promise)).name).to.equal('DataError');
    expect(port.submitted).to.deep.equal([]);
  });

  it('isochronous IN: every packet is a view of its own bytes', async () => {
    const { port, device } = await opened();
    const promise = device.isochronousTransferIn(4, [4, 4, 4, 4]);
    expect(port.given[0]?.operation).to.deep.equal({
      type: 'isochronousIn',
      endpointAddress: 0x84,
      packetLengths: [4, 4, 4, 4],
      startFrame: undefined,
    });
    port.given[0]?.complete({
      ...result('completed', bytes('a1a2a3 c1')),
      packets: [
        { status: 'completed', length: 3 },
        { status: 'overflowed', length: 4 },
        { status: 'completed', length: 1 },
        { status: 'stalled', length: 0 },
      ],
    });
    const { data, packets } = await promise;
    expect(hexOf(data)).to.equal('a1a2a3c1');
    expect(packets.map((packet) => [packet.status, hexOf(packet.data)])).to.deep.equal([
      ['ok', 'a1a2a3'],
      ['babble', ''],
      ['ok', 'c1'],
      ['stall', ''],
    ]);
  });

  it('isochronous OUT: every packet tells what was written', async () => {
    const { port, device } = await opened();
    const promise = device.isochronousTransferOut(5, bytes('01020304'), [3, 1]);
    expect(port.given[0]?.operation).to.deep.include({
      type: 'isochronousOut',
      endpointAddress: 5,
      packetLengths: [3, 1],
    });
    port.given[0]?.complete({
      ...result('completed'),
      packets: [
        { status: 'completed', length: 3 },
        { status: 'stalled', length: 0 },
      ],
    });
    expect((await promise).packets).to.deep.equal([
      { status: 'ok', bytesWritten: 3 },
      { status: 'stall', bytesWritten: 0 },
    ]);
  });

  it('isochronous: a packet that failed on the bus leaves the others what they are', async () => {
    const { port, device } = await opened();
    const packets = (['completed', 'failed', 'completed'] as const).map((status) => ({ status, length: 1 }));
    const received = device.isochronousTransferIn(4, [4, 4, 4]);
    port.given[0]?.complete({ ...result('failed', bytes('a1c1')), packets });
    const views = (await received).packets.map((packet) => [packet.status, hexOf(packet.data)]);
    expect(views).to.deep.equal([
      ['ok', 'a1'],
      ['babble', ''],
      ['ok', 'c1'],
    ]);
    const sent = device.isochronousTransferOut(5, bytes('010203'), [1, 1, 1]);
    port.given[0]?.complete({ ...result('failed'), packets });
    expect((await sent).packets.map((packet) => [packet.status, packet.bytesWritten])).to.deep.equal([
      ['ok', 1],
      ['babble', 0],
      ['ok', 1],
    ]);
  });

  it('isochronous: another number of packets, or one that failed on the bus, is a NetworkError', async () => {
    const { port, device } = await opened();
    const short = rejection(device.isochronousTransferIn(4, [1, 1]));
    port.given[0]?.complete({ ...result('completed'), packets: [{ status: 'completed', length: 0 }] });
    expect((await short).message).to.contain('1 packets came back for 2');
    const failed = rejection(device.isochronousTransferIn(4, [1]));
    port.given[0]?.complete({ ...result('completed'), packets: [{ status: 'failed', length: 0 }] });
    expect((await failed).name).to.equal('NetworkError');
  });

  it('a missing claim or alternate setting is told by the call that is missing', async () => {
    const device = new RemoteDevice(new FakeUsbDevice());
    await device.open();
    expect((await rejection(device.transferIn(1, 1))).message).to.equal(
      'transferIn(1, 1): endpoint 1 IN belongs to interface 0; call claimInterface(0) first',
    );
    await device.claimInterface(0);
    await device.claimInterface(1);
    expect((await rejection(device.isochronousTransferIn(4, [1]))).message).to.equal(
      'isochronousTransferIn(4): endpoint 4 IN needs another alternate setting; call selectAlternateInterface(1, 1) first',
    );
    expect((await rejection(device.transferIn(9, 1))).message).to.equal(
      'transferIn(9, 1): there is no endpoint 9 IN; use one of: endpoint 1 IN, endpoint 2 OUT, endpoint 3 IN',
    );
    expect((await rejection(device.isochronousTransferIn(1, [1]))).message).to.equal(
      'isochronousTransferIn(1): endpoint 1 IN is bulk; use transferIn()',
    );
  });

  it('transfers are submitted in the order of the calls, before any of them is awaited', async () => {
    const { port, device } = await opened();
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(256).keys()], { minLength: 256 }), async (order) => {
        port.submitted.length = 0;
        const promises = Array.from({ length: 256 }, (_, index) => device.transferIn(1, index));
        expect(port.submitted.map((operation) => 'length' in operation && operation.length)).to.deep.equal([
          ...Array(256).keys(),
        ]);
        const given = [...port.given];
        for (const index of order) given[index]?.complete(result('completed', Uint8Array.of(index)));
        const results = await Promise.all(promises);
        expect(results.map(({ data }) => data?.getUint8(0))).to.deep.equal([...Array(256).keys()]);
      }),
      { numRuns: 5 },
    );
  });
});

describe('RemoteDevice cancellation', () => {
  it('rejects with the reason of the signal, and only when the device has let go of the transfer', async () => {
    const { port, device } = await opened();
    port.holdCancelled = true;
    const controller = new AbortController();
    let settled = false;
    const promise = rejection(device.transferIn(1, 8, { signal: controller.signal })).finally(() => (settled = true));
    controller.abort();
    await Promise.resolve();
    expect(port.given[0]?.cancelled).to.equal(true);
    expect(settled).to.equal(false);
    port.given[0]?.complete(result('cancelled'));
    expect(await promise)
      .to.equal(controller.signal.reason)
      .and.to.include({ name: 'AbortError' });
  });

  for (const [method, call] of [
    ['transferIn', (d: RemoteDevice, signal: AbortSignal) => d.transferIn(1, 8, { signal })],
    ['transferOut', (d: RemoteDevice, signal: AbortSignal) => d.transferOut(2, bytes('00'), { signal })],
    ['controlTransferIn', (d: RemoteDevice, signal: AbortSignal) => d.controlTransferIn(vendorRequest, 8, { signal })],
    [
      'controlTransferOut',
      (d: RemoteDevice, signal: AbortSignal) => d.controlTransferOut(vendorRequest, undefined, { signal }),
    ],
    ['isochronousTransferIn', (d: RemoteDevice, signal: AbortSignal) => d.isochronousTransferIn(4, [8], { signal })],
    [
      'isochronousTransferOut',
      (d: RemoteDevice, signal: AbortSignal) => d.isochronousTransferOut(5, bytes('00'), [1], { signal }),
    ],
  ] as const) {
    it(`${method} can be cancelled with a reason of one's own`, async () => {
      const { device } = await opened();
      const controller = new AbortController();
      const promise = rejection(call(device, controller.signal));
      const reason = new Error('changed my mind');
      controller.abort(reason);
      expect(await promise).to.equal(reason);
    });

    it(`${method} with an aborted signal submits nothing`, async () => {
      const { port, device } = await opened();
      expect((await rejection(call(device, AbortSignal.abort()))).name).to.equal('AbortError');
      expect(port.submitted).to.deep.equal([]);
    });
  }

  it('received data wins over a cancel that came too late', async () => {
    const { port, device } = await opened();
    port.holdCancelled = true;
    const controller = new AbortController();
    const promise = device.transferIn(1, 8, { signal: controller.signal });
    controller.abort();
    port.given[0]?.complete(result('completed', bytes('01')));
    expect(hexOf((await promise).data)).to.equal('01');
  });

  it('leaves no listener behind on a signal that lives on', async () => {
    const { port, device } = await opened();
    const { signal } = new AbortController();
    for (let round = 0; round < 3; round += 1) {
      const promises = Array.from({ length: 50 }, () => device.transferIn(1, 8, { signal }));
      expect(getEventListeners(signal, 'abort')).to.have.length(1);
      for (const given of [...port.given]) given.complete(result(round === 0 ? 'stalled' : 'completed'));
      await Promise.all(promises);
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    }
    port.answer = () => result('failed');
    await rejection(device.transferIn(1, 8, { signal }));
    port.answer = () => {
      throw new Error('not now');
    };
    expect(await rejection(device.transferIn(1, 8, { signal }))).to.include({
      name: 'NetworkError',
      message: 'the device refused the operation: not now',
    });
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('one signal cancels many transfers, and no other', async () => {
    const { port, device } = await opened();
    const controller = new AbortController();
    const cancelled = Array.from({ length: 20 }, () =>
      rejection(device.transferIn(1, 8, { signal: controller.signal })),
    );
    const other = device.transferIn(1, 9);
    controller.abort();
    const reasons = await Promise.all(cancelled);
    expect(reasons.every((reason) => reason === controller.signal.reason)).to.equal(true);
    expect(port.given).to.have.length(1);
    port.given[0]?.complete(result('completed', bytes('09')));
    expect((await other).status).to.equal('ok');
  });

  for (const [what, call] of [
    ['close', (d: RemoteDevice) => d.close()],
    ['reset', (d: RemoteDevice) => d.reset()],
    ['selectConfiguration', (d: RemoteDevice) => d.selectConfiguration(2)],
    ['releaseInterface', (d: RemoteDevice) => d.releaseInterface(0)],
    ['selectAlternateInterface', (d: RemoteDevice) => d.selectAlternateInterface(0, 0)],
    ['forget', (d: RemoteDevice) => d.forget()],
  ] as const) {
    it(`${what} cancels what is pending with AbortError, before it goes on`, async () => {
      const { port, device } = await opened();
      port.holdCancelled = true;
      const pending = rejection(device.transferIn(1, 8));
      const calling = call(device);
      expect(port.given[0]?.cancelled).to.equal(true);
      expect(port.submitted).to.have.length(1);
      port.given[0]?.complete(result('cancelled'));
      expect((await pending).name).to.equal('AbortError');
      await calling;
    });
  }

  it('releaseInterface and selectAlternateInterface leave the transfers of other interfaces alone', async () => {
    const { port, device } = await opened();
    const other = device.transferIn(1, 8);
    const pending = rejection(device.isochronousTransferIn(4, [8]));
    await device.releaseInterface(1);
    expect((await pending).name).to.equal('AbortError');
    expect(port.submitted.at(-1)).to.deep.equal({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 0 });
    port.given[0]?.complete(result('completed'));
    expect((await other).status).to.equal('ok');
  });

  it('an unplugged device rejects what is pending with NetworkError and closes', async () => {
    const { port, device } = await opened();
    const pending = rejection(device.transferIn(1, 8));
    port.unplug();
    expect((await pending).name).to.equal('NetworkError');
    expect(device.opened).to.equal(false);
    expect(device.configuration?.interfaces[0]?.claimed).to.equal(false);
    expect(port.calls).to.deep.equal(['open', 'close']);
  });

  it('what a device cancels because it went away is told as a disconnection', async () => {
    const { port, device } = await opened();
    const pending = rejection(device.transferIn(1, 8));
    const given = port.given.splice(0);
    port.unplug();
    given[0]?.complete(result('cancelled'));
    expect((await pending).message).to.contain('the device was disconnected');
  });

  it('what a broken device never completes is rejected by close', async () => {
    const { port, device } = await opened();
    port.holdCancelled = true;
    const pending = rejection(device.transferIn(1, 8));
    port.given.splice(0);
    await device.close();
    expect((await pending).name).to.equal('AbortError');
  });

  it('a reset leaves configuration, claims and alternate settings as they are', async () => {
    const { port, device } = await opened();
    await device.reset();
    expect(port.submitted).to.deep.equal([
      { type: 'resetDevice' },
      { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 },
    ]);
    expect(
      device.configuration?.interfaces.map((each) => [each.claimed, each.alternate.alternateSetting]),
    ).to.deep.equal([
      [true, 0],
      [true, 1],
    ]);
  });

  it('selecting the configuration that is selected keeps claims, alternate settings and transfers', async () => {
    const { port, device } = await opened();
    const reading = device.transferIn(1, 8);
    await device.selectConfiguration(1);
    expect(port.submitted.map(({ type }) => type)).to.deep.equal(['transferIn']);
    expect(device.configuration?.interfaces.map((each) => each.claimed)).to.deep.equal([true, true]);
    expect(device.configuration?.interfaces[1]?.alternate.alternateSetting).to.equal(1);
    port.given[0]?.complete(result('completed', bytes('01')));
    expect((await reading).status).to.equal('ok');
  });

  it('an alternate setting that was selected by a control request counts', async () => {
    const { port, device } = await opened();
    port.answer = () => result('completed');
    const request = { requestType: 'standard', recipient: 'interface', request: 11, value: 0, index: 1 } as const;
    await device.controlTransferOut(request);
    expect(device.configuration?.interfaces[1]?.alternate.alternateSetting).to.equal(0);
    expect((await rejection(device.isochronousTransferIn(4, [8]))).name).to.equal('NotFoundError');
  });

  it('a device that is opened again is configured again and has no claims', async () => {
    const { port, device } = await opened();
    await device.selectConfiguration(2);
    await device.close();
    port.submitted.length = 0;
    port.answer = standardAnswers;
    await device.open();
    expect(port.submitted).to.deep.equal([{ type: 'setConfiguration', configurationValue: 2 }]);
    expect(device.configuration?.interfaces.map((each) => each.claimed)).to.deep.equal([false]);
  });
});
