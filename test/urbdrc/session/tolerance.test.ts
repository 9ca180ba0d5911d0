import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUrbdrcMessage, type UrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TransferRequest } from '../../../src/urbdrc/exchange.ts';
import type { ServerRequest } from '../../../src/urbdrc/session/server/requestTable.ts';
import { RecognisedPeer } from '../../../src/urbdrc/peers/recognisedPeer.ts';
import type { PeerName } from '../../../src/urbdrc/peers/profiles.ts';
import { COMPLETION_INTERFACE, configuration, DevicePair } from './pair.ts';

const EMPTY = new Uint8Array(0);
const BULK = {
  name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
  urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
  requestId: 0,
  noAck: false,
  pipeHandle: 0x81,
  transferFlags: 3,
} as const;
const OK = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
const HEAD = { interfaceId: COMPLETION_INTERFACE, messageId: 0, hResult: 0 } as const;

const bytesOf = (message: UrbdrcMessage) => Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));

/** An open channel to a client that the server takes for `name`. */
function open(name: PeerName): DevicePair {
  const pair = new DevicePair({}, configuration, new RecognisedPeer(name)).open();
  pair.serverEvents.length = 0;
  return pair;
}

const asked = (direction: 'in' | 'out', outputBuffer: Uint8Array, outputBufferSize: number): TransferRequest => ({
  type: 'transfer',
  direction,
  tsUrb: { ...BULK },
  outputBuffer,
  outputBufferSize,
});
const read = ({ server }: DevicePair) => server.submit(asked('in', EMPTY, 8), undefined).request;
const write = ({ server }: DevicePair) => server.submit(asked('out', new Uint8Array(2), 2), undefined).request;
const control = ({ server }: DevicePair) =>
  server.submit({ type: 'ioControl', internal: false, ioControlCode: 0x220013, outputBufferSize: 4 }, undefined)
    .request;

/** What the server makes of the bytes that `answer` gives for the request that `submit` sends. */
function outcome(
  name: PeerName,
  submit: (pair: DevicePair) => ServerRequest<undefined>,
  answer: (requestId: number) => Uint8Array,
): { events: string[]; pair: DevicePair; problem: string } {
  const pair = open(name);
  pair.fromServer(pair.server.receive(answer(submit(pair).requestId), pair.now));
  const events = pair.serverEvents.map((event) => ('reason' in event ? `${event.type}: ${event.reason}` : event.type));
  const [first] = pair.serverEvents;
  return { events, pair, problem: first !== undefined && 'error' in first ? first.error.message : '' };
}

const FAILED = ['ignored', 'abandoned: failed'];

describe('the same bytes from clients that are taken for different ones', () => {
  it('outCompletionWithData: URB_COMPLETION for an OUT request', () => {
    const answer = (requestId: number) =>
      bytesOf({ name: 'URB_COMPLETION', ...HEAD, requestId, tsUrbResult: OK, outputBuffer: Uint8Array.of(1, 2) });
    expect(outcome('freerdp-2.x', write, answer).events).to.deep.equal(['transferCompleted']);
    for (const name of ['freerdp-after-3.30', 'strict'] as const) {
      const { events, problem, pair } = outcome(name, write, answer);
      expect(events, name).to.deep.equal(FAILED);
      expect(problem).to.equal(
        'URB_COMPLETION in state active: answers an OUT request, and brings data ([MS-RDPEUSB] 2.2.7.2)',
      );
      expect(pair.server.pendingRequests).to.equal(0);
    }
  });

  it('libusbStatus: UsbdStatus 4', () => {
    for (const usbdStatus of [1, 4, 6]) {
      const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
      const answer = (requestId: number) =>
        bytesOf({ name: 'URB_COMPLETION_NO_DATA', ...HEAD, requestId, tsUrbResult, outputBufferSize: 0 });
      expect(outcome('generic', read, answer).events).to.deep.equal(['transferCompleted']);
      const { events, problem } = outcome('strict', read, answer);
      expect(events).to.deep.equal(FAILED);
      expect(problem).to.contain(`UsbdStatus ${usbdStatus} is no USBD_STATUS ([MS-RDPEUSB] 2.2.10.1.1)`);
    }
  });

  it('libusbStatus: what is a USBD_STATUS is nobody to complain of', () => {
    for (const usbdStatus of [0, 7, 0xc0000004]) {
      const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
      const answer = (requestId: number) =>
        bytesOf({ name: 'URB_COMPLETION_NO_DATA', ...HEAD, requestId, tsUrbResult, outputBufferSize: 0 });
      expect(outcome('strict', read, answer).events).to.deep.equal(['transferCompleted']);
    }
  });

  it('ioControlSurplus: 8 bytes for 4', () => {
    const answer = (requestId: number) =>
      bytesOf({
        name: 'IOCONTROL_COMPLETION',
        ...HEAD,
        requestId,
        information: 8,
        outputBuffer: new Uint8Array(8).fill(3),
      });
    const taken = outcome('freerdp', control, answer);
    expect(taken.events).to.deep.equal(['ioControlCompleted']);
    expect(taken.pair.atServer('ioControlCompleted')[0]?.completion.outputBuffer).to.deep.equal(
      new Uint8Array(4).fill(3),
    );
    const { events, problem } = outcome('strict', control, answer);
    expect(events).to.deep.equal(['closeRequired']);
    expect(problem).to.contain('OutputBufferSize 8 for a request of 4 ([MS-RDPEUSB] 3.2.5.4.1)');
  });

  describe('reading', () => {
    it('an IOCONTROL_COMPLETION that ends before its buffer', () => {
      const answer = (requestId: number) => {
        const whole = bytesOf({
          name: 'IOCONTROL_COMPLETION',
          ...HEAD,
          requestId,
          information: 4,
          outputBuffer: new Uint8Array(4),
        });
        return whole.subarray(0, -4);
      };
      expect(outcome('freerdp-3.23-3.30', control, answer).events).to.deep.equal(['ioControlCompleted']);
      const { events, problem, pair } = outcome('strict', control, answer);
      expect(events).to.deep.equal(FAILED);
      expect(problem).to.contain('IOCONTROL_COMPLETION.OutputBuffer: needs 4 bytes, 0 left');
      // A better answer to the same request comes too late, and the channel lives.
      const [failed] = pair.atServer('abandoned');
      const { requestId } = failed!.request;
      const good = { name: 'IOCONTROL_COMPLETION', ...HEAD, requestId, information: 0, outputBuffer: EMPTY } as const;
      pair.fromServer(pair.server.receive(bytesOf(good), pair.now));
      expect(pair.serverEvents.at(-1)?.type).to.equal('answeredLate');
    });

    it('bytes after the last field', () => {
      const answer = (requestId: number) =>
        Uint8Array.of(
          ...bytesOf({ name: 'URB_COMPLETION_NO_DATA', ...HEAD, requestId, tsUrbResult: OK, outputBufferSize: 0 }),
          0,
        );
      expect(outcome('generic', read, answer).events).to.deep.equal(['transferCompleted']);
      expect(outcome('strict', read, answer).events).to.deep.equal(FAILED);
    });

    it('a malformed message that answers nothing ends nothing', () => {
      for (const bytes of [EMPTY, Uint8Array.of(1, 2, 3), new Uint8Array(16), new Uint8Array(64).fill(0xff)]) {
        const { events, pair } = outcome('strict', read, () => bytes);
        expect(events).to.deep.equal(['ignored']);
        expect(pair.server.pendingRequests).to.equal(1);
      }
    });

    it('an answer to SELECT_INTERFACE from FreeRDP 3.14, which has its result twice', () => {
      const path = '../../../test-vectors/urbdrc/URB_COMPLETION_NO_DATA/select-interface-freerdp-3-14.json';
      const { hex } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { hex: string };
      const select = ({ server }: DevicePair) =>
        server.submit(
          {
            type: 'transfer',
            direction: 'in',
            tsUrb: {
              name: 'TS_URB_SELECT_INTERFACE',
              urbFunction: UrbFunction.URB_FUNCTION_SELECT_INTERFACE,
              requestId: 0,
              noAck: false,
              configurationHandle: 1,
              interface: { interfaceNumber: 0, alternateSetting: 0, pipes: [] },
            },
            outputBuffer: EMPTY,
            outputBufferSize: 0,
          },
          undefined,
        ).request;
      const answer = (requestId: number) => {
        const bytes = fromHex(hex);
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, requestId, true);
        return bytes;
      };
      const { events, pair } = outcome('freerdp-3.14-3.22', select, answer);
      expect(events).to.deep.equal(['transferCompleted']);
      const [completed] = pair.atServer('transferCompleted');
      expect(completed?.completion.hResult).to.equal(0);
      expect(completed?.completion.tsUrbResult.name).to.equal('TS_URB_SELECT_INTERFACE_RESULT');
      expect(outcome('strict', select, answer).events).to.deep.equal(FAILED);
    });
  });

  it('cancelledRequests: no answer to CANCEL_REQUEST', () => {
    const waiting = open('freerdp');
    const id = read(waiting);
    waiting.fromServer(waiting.server.cancel(id, waiting.now));
    expect(waiting.serverEvents).to.have.length(0);
    expect(waiting.toClient).to.have.length(1);
    expect(waiting.server.nextTimeout()).to.equal(waiting.now + 3000);

    const ended = open('ironrdp');
    const request = read(ended);
    const { requestId } = request;
    ended.fromServer(ended.server.cancel(request, ended.now));
    expect(ended.serverEvents).to.deep.equal([{ type: 'abandoned', request, reason: 'cancelled' }]);
    expect(ended.toClient).to.have.length(1);
    expect(ended.server.nextTimeout()).to.equal(undefined);
    // If it answers after all, it is late.
    const answer = { name: 'URB_COMPLETION', ...HEAD, requestId, tsUrbResult: OK, outputBuffer: EMPTY } as const;
    ended.fromServer(ended.server.receive(bytesOf(answer), ended.now));
    expect(ended.serverEvents.at(-1)?.type).to.equal('answeredLate');
  });

  it('cancelledRequests: a deadline ends such a request at once, too', () => {
    const { server, ...pair } = open('ironrdp');
    const { request } = server.submit(asked('in', EMPTY, 8), undefined, pair.now + 5);
    const { outgoing, events } = server.handleTimeout(pair.now + 5);
    expect(events).to.deep.equal([{ type: 'abandoned', request, reason: 'timedOut' }]);
    expect(outgoing).to.have.length(1);
  });
});

describe('what a session tells of its client', () => {
  /** A client that shows itself to be FreeRDP; which version is open. */
  function freerdp(): RecognisedPeer {
    const peer = new RecognisedPeer();
    const hexOf = (path: string) =>
      (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { value: { name: 'ADD_DEVICE' } }).value;
    const device = hexOf('../../../test-vectors/urbdrc/ADD_DEVICE/freerdp-stick.json');
    peer.learn({ type: 'announced', device: device as never, channelRequest: 5 });
    expect(peer.profile.name).to.equal('freerdp');
    return peer;
  }

  for (const [name, withData] of [
    ['URB_COMPLETION', true],
    ['URB_COMPLETION_NO_DATA', false],
  ] as const) {
    it(`how it answers OUT, as long as that is of interest: ${name}`, () => {
      const peer = freerdp();
      const pair = new DevicePair({}, configuration, peer).open();
      const complete = () => {
        const { requestId } = write(pair);
        const message =
          name === 'URB_COMPLETION'
            ? ({ name, ...HEAD, requestId, tsUrbResult: OK, outputBuffer: new Uint8Array(2) } as const)
            : ({ name, ...HEAD, requestId, tsUrbResult: OK, outputBufferSize: 2 } as const);
        pair.serverEvents.length = 0;
        pair.fromServer(pair.server.receive(bytesOf(message), pair.now));
        return pair.serverEvents.map(({ type }) => type);
      };
      expect(complete()).to.deep.equal(['peerShown', 'transferCompleted']);
      const evidence = { type: 'outCompleted', withData } as const;
      expect(pair.atServer('peerShown')[0]?.evidence).to.deep.equal(evidence);
      peer.learn(evidence);
      expect(complete()).to.deep.equal(['transferCompleted']);
    });
  }

  it('nothing about one that is not in question', () => {
    const pair = open('generic');
    const { requestId } = write(pair);
    const message = { name: 'URB_COMPLETION', ...HEAD, requestId, tsUrbResult: OK, outputBuffer: new Uint8Array(2) };
    pair.fromServer(pair.server.receive(bytesOf(message as UrbdrcMessage), pair.now));
    expect(pair.serverEvents.map(({ type }) => type)).to.deep.equal(['transferCompleted']);
  });
});
