import { expect } from 'chai';
import fc from 'fast-check';
import { decodeClientMessage, decodeServerMessage, encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { TransferCompletion, TransferRequest } from '../../../src/urbdrc/exchange.ts';
import type { ServerRequest } from '../../../src/urbdrc/session/server/requestTable.ts';
import { RecognisedPeer } from '../../../src/urbdrc/peers/recognisedPeer.ts';
import { COMPLETION_INTERFACE, configuration, DevicePair, USB_DEVICE } from './pair.ts';

const EMPTY = new Uint8Array(0);

function bulkIn(length: number): TransferRequest {
  return {
    type: 'transfer',
    direction: 'in',
    tsUrb: {
      name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
      urbFunction: 9,
      requestId: 0,
      noAck: false,
      pipeHandle: 0x81,
      transferFlags: 3,
    },
    outputBuffer: EMPTY,
    outputBufferSize: length,
  };
}

function bulkOut(data: Uint8Array, noAck = false): TransferRequest {
  return {
    type: 'transfer',
    direction: 'out',
    tsUrb: {
      name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
      urbFunction: 9,
      requestId: 0,
      noAck,
      pipeHandle: 0x02,
      transferFlags: 0,
    },
    outputBuffer: data,
    outputBufferSize: data.byteLength,
  };
}

function success(data: Uint8Array, transferred = 0): TransferCompletion {
  return { tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 }, hResult: 0, data, transferred };
}

function submit(pair: DevicePair, asked: TransferRequest, deadline?: number): ServerRequest<undefined> {
  const { request, step } = pair.server.submit(asked, undefined, deadline);
  pair.fromServer(step);
  pair.drive();
  return request;
}

/** A client message from a peer that is not our own client. */
function forged(pair: DevicePair, message: Parameters<typeof encodeUrbdrcMessage>[0]): void {
  pair.fromServer(pair.server.receive(joinParts(encodeUrbdrcMessage(message)), pair.now));
}

describe('device channel, both roles (MS-RDPEUSB 3.2.5, 3.3.5)', () => {
  const CREATED = [
    ['generic', ['S RIMCALL_RELEASE', 'C CHANNEL_CREATED']],
    ['mstsc', ['C CHANNEL_CREATED', 'S RIMCALL_RELEASE']],
  ] as const;
  for (const [peer, created] of CREATED) {
    it(`opens with capabilities, releases, CHANNEL_CREATED, ADD_DEVICE and REGISTER_REQUEST_CALLBACK in this order with ${peer}`, () => {
      const pair = new DevicePair({}, configuration, new RecognisedPeer(peer));
      const names: string[] = [];
      pair.fromServer(pair.server.open(pair.now));
      while (pair.toClient.length + pair.toServer.length > 0) {
        for (const bytes of pair.toClient.splice(0)) {
          names.push(`S ${decodeServerMessage(bytes).name}`);
          pair.fromClient(pair.client.receive(bytes, pair.now));
        }
        for (const bytes of pair.toServer.splice(0)) {
          names.push(`C ${decodeClientMessage(bytes, {}).name}`);
          pair.fromServer(pair.server.receive(bytes, pair.now));
        }
      }
      expect(names).to.deep.equal([
        'S RIM_EXCHANGE_CAPABILITY_REQUEST',
        'C RIM_EXCHANGE_CAPABILITY_RESPONSE',
        'S RIMCALL_RELEASE',
        'S CHANNEL_CREATED',
        ...created,
        'C ADD_DEVICE',
        'S REGISTER_REQUEST_CALLBACK',
      ]);
      expect(pair.client.state).to.equal('active');
      expect(pair.server.state).to.equal('active');
      expect(pair.atServer('deviceAdded')[0]?.device.hardwareIds[1]).to.equal('USB\\VID_46F4&PID_0001');
    });
  }

  it('announces without a release after the wait, for servers that never send one (3.3.5.1.1)', () => {
    const pair = new DevicePair();
    pair.fromServer(pair.server.open(pair.now));
    // Everything but the release of the notification interface.
    for (let bytes = pair.toClient.shift(); bytes !== undefined; bytes = pair.toClient.shift()) {
      const message = decodeServerMessage(bytes);
      if (message.name !== 'RIMCALL_RELEASE' || message.interfaceId !== 2) {
        pair.fromClient(pair.client.receive(bytes, pair.now));
      }
      for (const answer of pair.toServer.splice(0)) pair.fromServer(pair.server.receive(answer, pair.now));
    }
    expect(pair.client.state).to.equal('awaitingRelease');
    expect(pair.client.nextTimeout()).to.equal(pair.now + 300);
    pair.pass(299);
    expect(pair.atClient('announced')).to.have.length(0);
    pair.pass(1);
    expect(pair.atClient('announced')).to.have.length(1);
    expect(pair.server.state).to.equal('active');
  });

  it('asks to close the channel when the client does not answer within the handshake time', () => {
    const pair = new DevicePair();
    pair.fromServer(pair.server.open(pair.now));
    pair.toClient.length = 0;
    pair.pass(9999);
    expect(pair.atServer('closeRequired')).to.have.length(0);
    pair.pass(1);
    expect(pair.atServer('closeRequired')[0]?.error.message).to.contain('no answer within 10000 ms');
  });

  for (const majorVersion of [0, 2]) {
    it(`client closes on CHANNEL_CREATED with MajorVersion ${majorVersion} and announces nothing (3.3.5.2.2)`, () => {
      const pair = new DevicePair();
      const created = {
        name: 'CHANNEL_CREATED',
        interfaceId: 2,
        messageId: 1,
        majorVersion,
        minorVersion: 0,
        capabilities: 0,
      } as const;
      pair.fromClient(pair.client.receive(joinParts(encodeUrbdrcMessage(created)), pair.now));
      expect(pair.clientEvents.map((event) => event.type)).to.deep.equal(['closeRequired']);
      expect(pair.toServer).to.have.length(0);
    });
  }

  it('completes requests in any order, each once, matched by RequestId (3.3.5.4)', () => {
    const pair = new DevicePair().open();
    const ids = [16, 32, 48].map((length) => submit(pair, bulkIn(length)));
    expect(new Set(ids).size).to.equal(3);
    for (const [index, request] of [...ids.entries()].reverse()) {
      pair.complete(request, success(new Uint8Array(index + 1).fill(index)));
    }
    pair.drive();
    const answers = pair.atServer('transferCompleted');
    expect(answers.map((event) => event.request)).to.deep.equal([...ids].reverse());
    expect(answers.map((event) => event.completion.data.byteLength)).to.deep.equal([3, 2, 1]);
    expect(pair.server.pendingRequests).to.equal(0);
    expect(pair.client.pendingRequests).to.equal(0);
  });

  it('answers IN without data and every OUT with URB_COMPLETION_NO_DATA (2.2.7.3)', () => {
    const pair = new DevicePair().open();
    const zero = submit(pair, bulkIn(8));
    const out = submit(pair, bulkOut(Uint8Array.of(1, 2, 3, 4)));
    pair.complete(zero, success(EMPTY));
    pair.complete(out, success(EMPTY, 3));
    const context = { requestCompletion: COMPLETION_INTERFACE };
    const messages = pair.toServer.map((bytes) => decodeClientMessage(bytes, context));
    expect(messages.map((message) => message.name)).to.deep.equal(['URB_COMPLETION_NO_DATA', 'URB_COMPLETION_NO_DATA']);
    pair.drive();
    expect(pair.atServer('transferCompleted').map((event) => event.completion.transferred)).to.deep.equal([0, 3]);
  });

  it('a second answer to one request goes nowhere', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(8));
    pair.complete(id, success(Uint8Array.of(1)));
    expect(
      pair.client.completeTransfer(pair.transferAtClient(id.requestId), success(Uint8Array.of(2))).outgoing,
    ).to.have.length(0);
  });

  it('client closes when the device returns more than was asked for (3.3.5.3.6)', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    const step = pair.client.completeTransfer(pair.transferAtClient(id.requestId), success(new Uint8Array(5)));
    expect(step.outgoing).to.have.length(0);
    expect(step.events.map((event) => event.type)).to.deep.equal(['closeRequired']);
  });

  it('sends no completion before REGISTER_REQUEST_CALLBACK and ignores requests until then (3.3.5.3.2)', () => {
    const pair = new DevicePair();
    pair.fromServer(pair.server.open(pair.now));
    // Everything but REGISTER_REQUEST_CALLBACK.
    while (pair.toClient.length + pair.toServer.length > 0) {
      for (const bytes of pair.toClient.splice(0)) {
        if (decodeServerMessage(bytes).name === 'REGISTER_REQUEST_CALLBACK') continue;
        pair.fromClient(pair.client.receive(bytes, pair.now));
      }
      for (const bytes of pair.toServer.splice(0)) pair.fromServer(pair.server.receive(bytes, pair.now));
    }
    expect(pair.client.state).to.equal('announced');
    const message = {
      name: 'TRANSFER_IN_REQUEST',
      interfaceId: USB_DEVICE,
      messageId: 9,
      tsUrb: { ...bulkIn(4).tsUrb, requestId: 1 },
      outputBufferSize: 4,
    } as const;
    const step = pair.client.receive(joinParts(encodeUrbdrcMessage(message)), pair.now);
    expect(step.outgoing).to.have.length(0);
    expect(step.events.map((event) => event.type)).to.deep.equal(['ignored']);
  });

  it('REGISTER_REQUEST_CALLBACK without RequestCompletion ends all completions at once (2.2.6.2)', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    const stop = encodeUrbdrcMessage({ name: 'REGISTER_REQUEST_CALLBACK', interfaceId: USB_DEVICE, messageId: 1 });
    pair.fromClient(pair.client.receive(joinParts(stop), pair.now));
    expect(pair.atClient('stopped')).to.have.length(1);
    expect(pair.client.state).to.equal('announced');
    expect(
      pair.client.completeTransfer(pair.transferAtClient(id.requestId), success(Uint8Array.of(1))).outgoing,
    ).to.have.length(0);
  });

  it('after REGISTER_REQUEST_CALLBACK without RequestCompletion nothing is pending: what is registered next hears of new requests only (2.2.6.2)', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    const before = pair.transferAtClient(id.requestId);
    const register = (requestCompletion?: number) =>
      pair.client.receive(
        joinParts(
          encodeUrbdrcMessage({
            name: 'REGISTER_REQUEST_CALLBACK',
            interfaceId: USB_DEVICE,
            messageId: 1,
            ...(requestCompletion !== undefined && { requestCompletion }),
          }),
        ),
        pair.now,
      );
    const [stopped, ...others] = register().events;
    expect(others).to.deep.equal([]);
    expect(stopped?.type === 'stopped' && stopped.requests).to.deep.equal([before]);
    expect(pair.client.pendingRequests).to.equal(0);
    register(17);
    const { outgoing } = pair.client.completeTransfer(before, success(Uint8Array.of(1)));
    expect(outgoing).to.have.length(0);
  });

  it('cancels: the client is told, the completion ends the request, the id is free again (3.2.5.3.1)', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    pair.fromServer(pair.server.cancel(id, pair.now));
    pair.fromServer(pair.server.cancel(id, pair.now));
    expect(pair.toClient).to.have.length(1);
    pair.drive();
    expect(pair.atClient('cancelRequested').map((event) => event.request.requestId)).to.deep.equal([id.requestId]);
    const cancelled = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0xc0010000 } as const;
    pair.complete(id, { ...success(EMPTY), tsUrbResult: cancelled });
    pair.drive();
    expect(pair.atServer('transferCompleted')).to.have.length(1);
    expect(pair.server.nextTimeout()).to.equal(undefined);
  });

  it('a cancelled request that is never answered ends after the grace time; its late answer is swallowed once', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    pair.fromServer(pair.server.cancel(id, pair.now));
    pair.drive();
    pair.pass(3000);
    expect(pair.atServer('abandoned')).to.deep.equal([{ type: 'abandoned', request: id, reason: 'cancelled' }]);
    pair.complete(id, success(Uint8Array.of(1)));
    pair.drive();
    expect(pair.atServer('transferCompleted')).to.have.length(0);
    expect(pair.atServer('closeRequired')).to.have.length(0);
    expect(pair.atServer('answeredLate')[0]?.error.message).to.contain(`late answer to RequestId ${id.requestId}`);
    expect(pair.atServer('answeredLate')).to.have.length(1);
  });

  describe('a request past its deadline', () => {
    it('is cancelled also when it is an IO control', () => {
      const pair = new DevicePair().open();
      const { request, step } = pair.server.submit(
        { type: 'ioControl', internal: false, ioControlCode: 0x220007, outputBufferSize: 0 },
        undefined,
        pair.now + 500,
      );
      pair.fromServer(step);
      pair.pass(500);
      expect(pair.atClient('cancelRequested')).to.have.length(1);
      const aborted = { hResult: 0x800703e3, information: 0, outputBuffer: EMPTY };
      const [asked] = pair.atClient('requested');
      if (asked?.request.type !== 'ioControl') throw new Error('no IO control');
      pair.fromClient(pair.client.completeIoControl(asked.request, aborted));
      pair.drive();
      expect(pair.atServer('ioControlCompleted')).to.deep.equal([
        { type: 'ioControlCompleted', request, completion: aborted },
      ]);
      expect(request.state).to.equal('overdue');
    });

    it('is cancelled, and its answer counts: no data that lies at the client is lost', () => {
      const pair = new DevicePair().open();
      const id = submit(pair, bulkIn(4), pair.now + 500);
      pair.pass(500);
      expect(pair.atClient('cancelRequested')).to.have.length(1);
      expect(pair.atServer('abandoned')).to.have.length(0);
      pair.complete(id, success(Uint8Array.of(1, 2)));
      pair.drive();
      const [answered] = pair.atServer('transferCompleted');
      expect(answered?.request).to.equal(id);
      expect(id.state).to.equal('overdue');
      expect(answered?.completion.data).to.deep.equal(Uint8Array.of(1, 2));
      expect(pair.server.nextTimeout()).to.equal(undefined);
    });

    it('ends as timed out when that is not answered either, and as cancelled when the program gave up too', () => {
      for (const [cancels, reason] of [
        [false, 'timedOut'],
        [true, 'cancelled'],
      ] as const) {
        const pair = new DevicePair().open();
        const id = submit(pair, bulkIn(4), pair.now + 500);
        pair.pass(500);
        if (cancels) pair.fromServer(pair.server.cancel(id, pair.now));
        pair.pass(3000);
        expect(pair.atServer('abandoned')).to.deep.equal([{ type: 'abandoned', request: id, reason }]);
        expect(pair.atClient('cancelRequested')).to.have.length(1);
      }
    });
  });

  it('CANCEL_REQUEST for an unknown or finished request is ignored (3.3.5.3.1)', () => {
    const pair = new DevicePair().open();
    const cancel = encodeUrbdrcMessage({
      name: 'CANCEL_REQUEST',
      interfaceId: USB_DEVICE,
      messageId: 1,
      requestId: 77,
    });
    const step = pair.client.receive(joinParts(cancel), pair.now);
    expect(step).to.deep.equal({ outgoing: [], events: [] });
  });

  it('a RequestId that is still in use is refused without touching the first request', () => {
    const pair = new DevicePair().open();
    const id = submit(pair, bulkIn(4));
    const again = encodeUrbdrcMessage({
      name: 'TRANSFER_IN_REQUEST',
      interfaceId: USB_DEVICE,
      messageId: 2,
      tsUrb: { ...bulkIn(4).tsUrb, requestId: id.requestId },
      outputBufferSize: 4,
    });
    pair.fromClient(pair.client.receive(joinParts(again), pair.now));
    expect(pair.atClient('ignored')).to.have.length(1);
    expect(pair.client.pendingRequests).to.equal(1);
  });

  for (const messageName of ['TRANSFER_IN_REQUEST', 'CANCEL_REQUEST', 'RETRACT_DEVICE', 'QUERY_DEVICE_TEXT'] as const) {
    it(`client drops ${messageName} on the interface of another device (3.1.5)`, () => {
      const pair = new DevicePair().open();
      const pending = submit(pair, bulkIn(4));
      const ids = { interfaceId: USB_DEVICE + 1, messageId: 2 };
      const step = pair.client.receive(
        joinParts(
          encodeUrbdrcMessage(
            messageName === 'TRANSFER_IN_REQUEST'
              ? { name: messageName, ...ids, tsUrb: { ...bulkIn(4).tsUrb, requestId: 77 }, outputBufferSize: 4 }
              : messageName === 'CANCEL_REQUEST'
                ? { name: messageName, ...ids, requestId: pending.requestId }
                : messageName === 'RETRACT_DEVICE'
                  ? { name: messageName, ...ids, reason: 1 }
                  : { name: messageName, ...ids, textType: 0, localeId: 0x409 },
          ),
        ),
        pair.now,
      );
      expect(step.outgoing).to.have.length(0);
      expect(step.events.map(({ type }) => type)).to.deep.equal(['ignored']);
      expect(pair.client.state).to.equal('active');
      expect(pair.client.pendingRequests).to.equal(1);
    });
  }

  it('4096 ids are kept for late answers at most, the oldest is forgotten: its answer closes the channel (3.2.5.4)', () => {
    const pair = new DevicePair({}, undefined, new RecognisedPeer('ironrdp')).open();
    const ids: number[] = [];
    for (let count = 0; count < 4097; count += 1) {
      const { request } = pair.server.submit(bulkIn(4), undefined);
      pair.server.cancel(request, pair.now);
      ids.push(request.requestId);
    }
    expect(pair.server.pendingRequests).to.equal(0);
    const [first = 0, second = 0] = ids;
    const late = { interfaceId: COMPLETION_INTERFACE, messageId: 0, ...success(EMPTY), outputBufferSize: 0 };
    forged(pair, { name: 'URB_COMPLETION_NO_DATA', ...late, requestId: second });
    expect(pair.atServer('answeredLate')).to.have.length(1);
    expect(pair.atServer('closeRequired')).to.have.length(0);
    forged(pair, { name: 'URB_COMPLETION_NO_DATA', ...late, requestId: first });
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('a request whose completion closes the channel is handed back with the channel, and no text is forgotten', () => {
    const pair = new DevicePair().open();
    const requests = [submit(pair, bulkIn(4)), submit(pair, bulkIn(4))];
    pair.fromServer(pair.server.queryDeviceText(0, 0x409, undefined, pair.now).step);
    const { requestId } = requests[0]!;
    forged(pair, { name: 'URB_COMPLETION', ...completion, requestId, outputBuffer: new Uint8Array(5) });
    expect(pair.atServer('closeRequired')).to.have.length(1);
    expect(pair.server.end()).to.deep.equal({ requests, texts: [undefined] });
    expect(pair.server.end()).to.deep.equal({ requests: [], texts: [] });
    expect(pair.server.nextTimeout()).to.equal(undefined);
  });

  it('answers what is over a limit with a status instead of holding it', () => {
    const pair = new DevicePair({ maximumTransferSize: 1024, maximumPendingRequests: 2 }).open();
    submit(pair, bulkIn(1025));
    expect(pair.atServer('transferCompleted')[0]?.completion.tsUrbResult.usbdStatus).to.equal(0xc0001000);
    submit(pair, bulkIn(1));
    submit(pair, bulkIn(1));
    submit(pair, bulkIn(1));
    expect(pair.client.pendingRequests).to.equal(2);
    expect(pair.atServer('transferCompleted')).to.have.length(2);
  });

  it('answers NoAck outside isochronous OUT with an error instead of silence (2.2.9.1.1)', () => {
    const pair = new DevicePair().open();
    const message = encodeUrbdrcMessage({
      name: 'TRANSFER_OUT_REQUEST',
      interfaceId: USB_DEVICE,
      messageId: 1,
      tsUrb: { ...bulkOut(EMPTY, true).tsUrb, requestId: 3 },
      outputBuffer: Uint8Array.of(1),
    });
    pair.fromClient(pair.client.receive(joinParts(message), pair.now));
    const answer = decodeClientMessage(pair.toServer[0] ?? EMPTY, { requestCompletion: COMPLETION_INTERFACE });
    expect(answer).to.include({ name: 'URB_COMPLETION_NO_DATA', requestId: 3, hResult: 0x80070057 });
  });

  it('answers QUERY_DEVICE_TEXT on the stub, paired by MessageId, also before registration (2.2.6.6)', () => {
    const pair = new DevicePair().open();
    for (const textType of [0, 1, 7])
      pair.fromServer(pair.server.queryDeviceText(textType, 0x409, undefined, pair.now).step);
    pair.drive();
    expect(pair.atServer('deviceText').map((event) => [event.text, event.hResult])).to.deep.equal([
      ['A stick', 0],
      ['Port_#0003.Hub_#0001', 0],
      ['', 0x80070057],
    ]);
  });

  it('closes the channel when QUERY_DEVICE_TEXT stays unanswered for 30 s (3.1.2)', () => {
    const pair = new DevicePair().open();
    pair.server.queryDeviceText(0, 0x409, undefined, pair.now);
    pair.pass(30_000);
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('RETRACT_DEVICE ends both ends (2.2.6.9)', () => {
    const pair = new DevicePair().open();
    submit(pair, bulkIn(4));
    pair.fromServer(pair.server.retract());
    pair.drive();
    expect(pair.atClient('retracted')).to.deep.equal([{ type: 'retracted', reason: 1 }]);
    expect(pair.client.state).to.equal('closed');
    expect(() => pair.server.submit(bulkIn(1), undefined)).to.throw('state closed');
  });

  it('RETRACT_DEVICE brings an explanation, cut to 1024 characters', () => {
    const pair = new DevicePair().open();
    pair.fromServer(pair.server.retract(`no sticks ${'.'.repeat(2000)}`));
    pair.drive();
    const explanation = `no sticks ${'.'.repeat(1014)}`;
    expect(pair.atClient('retracted')).to.deep.equal([{ type: 'retracted', reason: 1, explanation }]);
  });

  const completion = {
    interfaceId: COMPLETION_INTERFACE,
    messageId: 0,
    hResult: 0,
    tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 },
  } as const;

  it('server closes on a completion for a RequestId that is not outstanding (3.2.5.4)', () => {
    const pair = new DevicePair().open();
    forged(pair, { name: 'URB_COMPLETION_NO_DATA', ...completion, requestId: 99, outputBufferSize: 0 });
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('server closes on more data than was asked for (3.2.5.4.2)', () => {
    const pair = new DevicePair().open();
    const { requestId } = pair.server.submit(bulkIn(4), undefined).request;
    forged(pair, { name: 'URB_COMPLETION', ...completion, requestId, outputBuffer: new Uint8Array(5) });
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('server closes on NO_DATA with a size for an IN request (3.2.5.4.3)', () => {
    const pair = new DevicePair().open();
    const { requestId } = pair.server.submit(bulkIn(4), undefined).request;
    forged(pair, { name: 'URB_COMPLETION_NO_DATA', ...completion, requestId, outputBufferSize: 2 });
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('server takes URB_COMPLETION with echoed data for an OUT request, as FreeRDP sends it', () => {
    const pair = new DevicePair().open();
    const { requestId } = pair.server.submit(bulkOut(Uint8Array.of(1, 2)), undefined).request;
    forged(pair, { name: 'URB_COMPLETION', ...completion, requestId, outputBuffer: Uint8Array.of(1, 2) });
    const [event] = pair.atServer('transferCompleted');
    expect(event?.completion).to.deep.include({ transferred: 2, data: EMPTY });
  });

  it('server ignores a second ADD_DEVICE (3.2.5.1.2)', () => {
    const pair = new DevicePair().open();
    const device = pair.atServer('deviceAdded')[0]?.device;
    if (device === undefined) throw new Error('no device');
    forged(pair, device);
    expect(pair.atServer('deviceAdded')).to.have.length(1);
    expect(pair.atServer('ignored')).to.have.length(1);
  });

  it('server closes a device channel that sends ADD_VIRTUAL_CHANNEL (3.2.5.1.1)', () => {
    const pair = new DevicePair().open();
    forged(pair, { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 1, messageId: 0 });
    expect(pair.atServer('closeRequired')).to.have.length(1);
  });

  it('neither role throws on arbitrary bytes, in any state (3.1.5)', () => {
    const words = fc.constantFrom(
      0,
      1,
      2,
      3,
      5,
      16,
      0x100,
      0x101,
      0x102,
      0x105,
      0x106,
      0x40000001,
      0x40000002,
      0x40000003,
      0x40000005,
      0x40000010,
      0x80000005,
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(words, { maxLength: 12 }).map((list) => new Uint8Array(Uint32Array.from(list).buffer)),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(bytes, { maxLength: 20 }), (open, messages) => {
        const pair = open ? new DevicePair().open() : new DevicePair();
        for (const message of messages) {
          pair.client.receive(message, pair.now);
          pair.server.receive(message, pair.now);
        }
        expect(pair.client.pendingRequests).to.be.at.most(messages.length);
      }),
    );
  });
});
