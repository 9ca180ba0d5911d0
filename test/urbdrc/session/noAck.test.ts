import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TransferRequest } from '../../../src/urbdrc/exchange.ts';
import type { ServerRequest } from '../../../src/urbdrc/session/server/requestTable.ts';
import type { SessionLimits } from '../../../src/urbdrc/session/limits.ts';
import { DevicePair, USB_DEVICE } from './pair.ts';

/** One interface of class 1 with isochronous OUT 0x04. */
const STREAMING = fromHex('09 02 1900 01 01 00 80 32  09 04 00 00 01 01 02 00 00  07 05 04 09 c000 01');
const DONE = {
  tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 },
  hResult: 0,
  data: new Uint8Array(0),
  transferred: 4,
} as const;

/** Sends so many writes with NoAck, and gives their RequestIds as the client has them. */
function send(
  count: number,
  limits: Partial<SessionLimits> = {},
): {
  pair: DevicePair;
  ids: number[];
  requests: ServerRequest<undefined>[];
} {
  const requests: ServerRequest<undefined>[] = [];
  const pair = new DevicePair(limits, STREAMING).open();
  for (let sent = 0; sent < count; sent += 1) {
    const asked: TransferRequest = {
      type: 'transfer',
      direction: 'out',
      tsUrb: {
        name: 'TS_URB_ISOCH_TRANSFER',
        urbFunction: UrbFunction.URB_FUNCTION_ISOCH_TRANSFER,
        requestId: 0,
        noAck: true,
        pipeHandle: 4,
        transferFlags: 4,
        startFrame: 0,
        errorCount: 0,
        isoPackets: [{ offset: 0, length: 0, status: 0 }],
      },
      outputBuffer: new Uint8Array(4),
      outputBufferSize: 4,
    };
    const { request, step } = pair.server.submit(asked, undefined);
    requests.push(request);
    pair.fromServer(step);
    pair.drive();
  }
  return { pair, ids: pair.atClient('requested').map(({ request }) => request.requestId), requests };
}

describe('isochronous OUT with NoAck (MS-RDPEUSB 2.2.9.1.1)', () => {
  it('is over for the server once it is sent, and for the client when the device is done, which nobody is told', () => {
    const { pair, ids } = send(1);
    expect([pair.server.pendingRequests, pair.client.pendingRequests]).to.deep.equal([0, 1]);
    expect(pair.client.completeTransfer(pair.transferAtClient(ids[0]!), DONE)).to.deep.equal({
      outgoing: [],
      events: [],
    });
    expect(pair.client.pendingRequests).to.equal(0);
  });

  it('counts against the limits of the client until the device is done; what is beyond them is lost in silence', () => {
    const { pair, ids } = send(3, { maximumPendingRequests: 2 });
    expect(ids).to.have.length(2);
    expect(pair.client.pendingRequests).to.equal(2);
    expect([pair.toServer, pair.serverEvents.map(({ type }) => type)]).to.deep.equal([[], ['deviceAdded']]);
  });

  it('can be cancelled at the client, where it is still known, and is not answered then either', () => {
    const { pair, ids, requests } = send(1);
    const requestId = ids[0]!;
    expect(pair.server.cancel(requests[0]!, pair.now).outgoing).to.have.length(0);
    const cancel = { name: 'CANCEL_REQUEST', interfaceId: USB_DEVICE, messageId: 9, requestId } as const;
    pair.fromClient(pair.client.receive(joinParts(encodeUrbdrcMessage(cancel)), pair.now));
    expect(pair.atClient('cancelRequested').map(({ request }) => request.requestId)).to.deep.equal([requestId]);
    expect(pair.client.completeTransfer(pair.transferAtClient(requestId), DONE).outgoing).to.deep.equal([]);
    expect(pair.client.pendingRequests).to.equal(0);
  });

  it('occupies its RequestId until then: another request with it is dropped', () => {
    const { pair, ids } = send(1);
    const again = encodeUrbdrcMessage({
      name: 'TRANSFER_IN_REQUEST',
      interfaceId: USB_DEVICE,
      messageId: 3,
      tsUrb: {
        name: 'TS_URB_GET_CURRENT_FRAME_NUMBER',
        urbFunction: UrbFunction.URB_FUNCTION_GET_CURRENT_FRAME_NUMBER,
        requestId: ids[0]!,
        noAck: false,
      },
      outputBufferSize: 0,
    });
    pair.fromClient(pair.client.receive(joinParts(again), pair.now));
    expect(pair.atClient('ignored')).to.have.length(1);
  });
});
