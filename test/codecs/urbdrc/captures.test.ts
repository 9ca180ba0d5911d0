import { expect } from 'chai';
import type { DecodeErrorCode } from '../../../codecs/core/errors.ts';
import { toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { ReaderOptions } from '../../../codecs/core/reader.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ServerMessage,
  type UrbdrcMessage,
} from '../../../codecs/urbdrc/decode.ts';
import { decodeErrorOf } from '../vectors.ts';
import { loadCaptures, type Capture, type CapturedMessage } from './captures.ts';

/** A line that a strict decoder refuses. `alsoLeniently`: sessions drop it too, else they take it. */
interface Refusal {
  readonly code: DecodeErrorCode;
  readonly alsoLeniently: boolean;
  readonly why: string;
}

const promisesTooMuch: Refusal = {
  code: 'TRUNCATED',
  alsoLeniently: false,
  why: 'IOCONTROL_COMPLETION promises OutputBufferSize + 4 bytes and sends none: a FreeRDP bug up to 3.30',
};

const selectsTwice: Refusal = {
  code: 'TRAILING_BYTES',
  alsoLeniently: false,
  why: 'the result of SELECT_INTERFACE comes twice: a FreeRDP bug of 3.14 to 3.22',
};

/** What the client sent that a strict decoder refuses, by scenario and line. */
const CLIENT_REFUSALS: Readonly<Record<string, Refusal>> = {
  'ioctl:40': promisesTooMuch,
  'ioctl:48': promisesTooMuch,
  'ioctl:57': promisesTooMuch,
  'ioctl:60': promisesTooMuch,
  'ioctl:73': promisesTooMuch,
  'serveUnanswered:36': promisesTooMuch,
  '3.15.0-liveAudio:46': selectsTwice,
  '3.15.0-liveAudio:60': selectsTwice,
  'noRegister:38': {
    code: 'UNKNOWN_MESSAGE',
    alsoLeniently: true,
    why: 'the server registered 0xC0000007, more than 30 bits, and FreeRDP puts it into the header as it is: mask 3',
  },
  'two:75': {
    code: 'UNKNOWN_MESSAGE',
    alsoLeniently: true,
    why: 'the server asked for another device on this channel, and the completion goes to that device’s interface',
  },
};

const wrongOnPurpose = (code: DecodeErrorCode, why: string, alsoLeniently = true): Refusal => ({
  code,
  alsoLeniently,
  why,
});

/** What the test driver sent to see what FreeRDP does with it. */
const SERVER_REFUSALS: Readonly<Record<string, Refusal>> = {
  'errors:100': wrongOnPurpose('UNKNOWN_MESSAGE', 'function 0x108 on the device interface'),
  'errors:108': wrongOnPurpose('LENGTH_MISMATCH', 'TRANSFER_IN_REQUEST of zeros: CbTsUrb 0'),
  'errors:112': wrongOnPurpose('TRUNCATED', 'CbTsUrb is more than the message has'),
  'errors:116': wrongOnPurpose('TRUNCATED', 'TRANSFER_IN_REQUEST ends after CbTsUrb'),
  'errors:124': wrongOnPurpose('TRAILING_BYTES', 'a request with the mask of a response', false),
  'errors:133': wrongOnPurpose('LENGTH_MISMATCH', 'CbTsUrb counts OutputBufferSize, TS_URB_HEADER.Size does not'),
  'shortCaps:35': wrongOnPurpose('TRUNCATED', 'capability request without its value'),
  'shortCreated:35': wrongOnPurpose('TRUNCATED', 'CHANNEL_CREATED of 20 bytes'),
  'shortMessage:35': wrongOnPurpose('TRUNCATED', 'a message of 8 bytes'),
  'unknownCaps:35': wrongOnPurpose('UNKNOWN_MESSAGE', 'function 0x555 on the capabilities interface'),
  'unknownNotify:35': wrongOnPurpose('UNKNOWN_MESSAGE', 'function 0x555 on the notification interface'),
  'unregister:42': wrongOnPurpose('TRUNCATED', 'REGISTER_REQUEST_CALLBACK with an id in place of the count'),
};

/** Lines that encode to other bytes, because their value leaves something out. */
const REENCODED_DIFFERENTLY: Readonly<Record<string, string>> = {
  'audio:42': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'audio:107': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'audio:110': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'audio:113': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  '3.10.3-liveAudio:46': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  '3.10.3-liveAudio:60': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'control:58': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'control:61': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'control:186': 'TS_URB_RESULT_HEADER.Padding echoes the function',
  'noRegister:36': 'RequestCompletion has bits 30 and 31, which do not belong to an id',
};

/** What a server knows of one channel: which completions it registered for and what it asked. */
class Requests {
  readonly #urbFunctions = new Map<number, number>();
  #requestCompletion: number | undefined;

  sent(message: ServerMessage): void {
    if (message.name === 'REGISTER_REQUEST_CALLBACK') this.#requestCompletion = message.requestCompletion;
    if ('tsUrb' in message) this.#urbFunctions.set(message.tsUrb.requestId, message.tsUrb.urbFunction);
  }

  decode(bytes: Uint8Array, options: ReaderOptions): UrbdrcMessage {
    const urbFunction = (requestId: number) => this.#urbFunctions.get(requestId);
    const requestCompletion = this.#requestCompletion;
    const context = requestCompletion === undefined ? { urbFunction } : { requestCompletion, urbFunction };
    return decodeClientMessage(bytes, context, options);
  }
}

/** Calls back for every message, in order, with a decoder that knows what went before. */
function replay(
  capture: Capture,
  visit: (message: CapturedMessage, key: string, decode: (options: ReaderOptions) => UrbdrcMessage) => void,
): void {
  const channels = new Map<number, Requests>();
  for (const message of capture.messages) {
    const requests = channels.get(message.channel) ?? new Requests();
    channels.set(message.channel, requests);
    const isServers = message.from === 'server';
    const decode = (options: ReaderOptions) =>
      isServers ? decodeServerMessage(message.bytes, options) : requests.decode(message.bytes, options);
    visit(message, `${capture.scenario}:${message.line}`, decode);
    if (isServers) {
      decodeErrorOf(() => requests.sent(decodeServerMessage(message.bytes, { lenient: true })));
    }
  }
}

describe('what FreeRDP and IronRDP put on the wire', () => {
  const captures = loadCaptures();
  const seen = new Set<string>();

  for (const capture of captures) {
    it(`${capture.scenario}: every message decodes, except those that are known to be wrong`, () => {
      replay(capture, (message, key, decode) => {
        const refusal = (message.from === 'client' ? CLIENT_REFUSALS : SERVER_REFUSALS)[key];
        const strict = decodeErrorOf(() => decode({ lenient: false }));
        const lenient = decodeErrorOf(() => decode({ lenient: true }));
        expect(strict?.code, `${key} strictly: ${strict?.message ?? ''}`).to.equal(refusal?.code);
        const isRefused = refusal?.alsoLeniently ?? false;
        expect(lenient !== undefined, `${key} leniently: ${lenient?.message ?? ''}`).to.equal(isRefused);
        if (refusal !== undefined) seen.add(key);
      });
    });

    it(`${capture.scenario}: every message encodes to its bytes`, () => {
      replay(capture, ({ from, bytes }, key, decode) => {
        if (key in (from === 'client' ? CLIENT_REFUSALS : SERVER_REFUSALS)) return;
        const encoded = toHex(joinParts(encodeUrbdrcMessage(decode({ lenient: false }))));
        if (key in REENCODED_DIFFERENTLY) {
          expect(encoded, key).not.to.equal(toHex(bytes));
          expect(encoded.length, key).to.equal(bytes.length * 2);
          seen.add(key);
        } else {
          expect(encoded, key).to.equal(toHex(bytes));
        }
      });
    });
  }

  it('all exceptions were met', () => {
    const expected = { ...CLIENT_REFUSALS, ...SERVER_REFUSALS, ...REENCODED_DIFFERENTLY };
    expect([...seen].sort()).to.deep.equal(Object.keys(expected).sort());
  });

  it('there are more than 2000 messages in 53 scenarios', () => {
    expect(captures.length).to.be.at.least(53);
    expect(captures.flatMap(({ messages }) => messages).length).to.be.above(2000);
  });
});
