import { expect } from 'chai';
import { ConsoleAnswerReader, encodeConsoleRequest } from '../../../src/gateway/targets/consoleExchange.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { type ConsoleVector, consoleVectors } from './consoleVectors.ts';
import { answerBytes } from './xenHost.ts';

const bytesOf = ({ hex }: ConsoleVector) => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What a reader makes of pieces. */
function read(pieces: readonly Uint8Array[]): Readonly<Record<string, unknown>> | undefined {
  const reader = new ConsoleAnswerReader();
  let answer: ReturnType<ConsoleAnswerReader['next']>;
  for (const piece of pieces) {
    reader.push(piece);
    answer ??= reader.next();
  }
  if (answer === undefined) return undefined;
  return answer.type === 'opened' ? { ...answer, rest: hexOf(reader.rest()) } : { ...answer };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TransportError) return error.code;
    throw error;
  }
  return 'none';
}

describe('gateway: consoles of XenServer and XCP-ng', () => {
  for (const vector of consoleVectors('CONSOLE_REQUEST')) {
    it(`request: ${vector.name}`, () => {
      const { host, location, credential } = vector.value as Record<'host' | 'location' | 'credential', string>;
      expect(hexOf(encodeConsoleRequest(host, location, credential))).to.equal(vector.hex);
    });
  }

  for (const vector of consoleVectors('CONSOLE_ANSWER')) {
    it(`answer: ${vector.name}`, () => {
      const bytes = bytesOf(vector);
      if (vector.error !== undefined) {
        expect(codeOf(() => read([bytes]))).to.equal(vector.error.code);
        return;
      }
      expect(read([bytes])).to.deep.equal(vector.value);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(read([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).to.deep.equal(vector.value);
      }
      expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).to.deep.equal(vector.value);
    });
  }

  it('an answer is not there before its empty line, a refusal not before its body', () => {
    const bytes = answerBytes('limit');
    for (let cut = 0; cut < bytes.length; cut++) expect(read([bytes.subarray(0, cut)])).to.equal(undefined);
  });

  it('of a body without an end 1 KiB counts, and it is one line', () => {
    const reader = new ConsoleAnswerReader();
    reader.push(Buffer.from(`HTTP/1.1 500 Oops\r\n\r\n${'a\n'.repeat(400)}`));
    expect(reader.next()).to.equal(undefined);
    expect(reader.refusal()).to.include({ status: 500 });
    reader.push(Buffer.from('a\u001b'.repeat(400)));
    const answer = reader.next();
    expect(answer).to.include({ type: 'refused', status: 500 });
    expect(answer?.type === 'refused' && answer.reason)
      .to.match(/^Oops: (a )+a$/)
      .and.have.length(6 + 1023);
  });

  it('what is no session and no USER:PASSWORD is not sent', () => {
    for (const wrong of ['', 'x', ':x', 'OpaqueRef:', 'OpaqueRef:a\r\nX: y', 'OpaqueRef:a b', 'root:']) {
      expect(
        codeOf(() => encodeConsoleRequest('h', '/console?uuid=1', wrong)),
        wrong,
      ).to.equal('LOGON_REFUSED');
    }
  });
});
