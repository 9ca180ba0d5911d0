import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import {
  isResumeHello,
  isResumeMessage,
  KEY_SIZE,
  ResumeHello,
  ResumeMessage,
  SESSION_ID_SIZE,
} from '../../../codecs/resume/resumeMessages.ts';
import { RESUME_PROTOCOL } from '../../../codecs/resume/resumeProtocol.ts';
import { Drdynvc } from '../../../src/channels/drdynvc.ts';
import { NO_STEP } from '../../../src/channels/machine.ts';
import { testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const sized = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const [sessionId, proof] = [sized(SESSION_ID_SIZE), sized(KEY_SIZE)];
const name = <const T extends string>(value: T) => ({ name: fc.constant(value) });

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

const messages: Readonly<Record<string, fc.Arbitrary<ResumeMessage>>> = {
  RESUME_NOTICE: fc.record({ ...name('RESUME_NOTICE'), text }),
  RESUME_ACCEPT: fc.record({ ...name('RESUME_ACCEPT'), version: fc.nat(255), hold: u16, sessionId, key: proof }),
  RESUME_REQUEST: fc.record({ ...name('RESUME_REQUEST'), sessionId, generation: u32, received: u32, proof }),
  RESUME_GRANTED: fc.record({ ...name('RESUME_GRANTED'), received: u32, proof }),
  RESUME_ACK: fc.record({ ...name('RESUME_ACK'), received: u32 }),
  others: fc.record({ name: fc.constantFrom('RESUME_REFUSED', 'RESUME_PING', 'RESUME_END', 'RESUME_DECLINE') }),
};

const decoded = (bytes: Uint8Array) => RESUME_PROTOCOL.decode?.(bytes, {}).value;

describe('messages about resuming', () => {
  testVectors(vectorsOf(RESUME_PROTOCOL, 'bytes'));

  it('all have a vector that decodes', () => expect(withoutVectors(RESUME_PROTOCOL)).to.deep.equal([]));

  testRoundTrips(
    messages,
    (value) => ResumeMessage.encode(value),
    (bytes) => decoded(bytes) as ResumeMessage,
  );
  testRoundTrips(
    { RESUME_HELLO: fc.record({ ...name('RESUME_HELLO'), hold: u16 }) },
    (value) => ResumeHello.encode(value),
    (bytes) => decoded(bytes) as ResumeHello,
  );

  it('are told from chunks by their first bytes', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(messages)), u16, (message, hold) => {
        const frame = joinParts(ResumeMessage.encode(message));
        const hello = joinParts(ResumeHello.encode({ name: 'RESUME_HELLO', hold }));
        expect([isResumeMessage(frame), isResumeHello(frame)]).to.deep.equal([true, false]);
        expect([isResumeMessage(hello), isResumeHello(hello)]).to.deep.equal([false, true]);
      }),
    );
    const chunk = Uint8Array.of(0x55, 0, 0, 0, 0x40, 0, 0, 0);
    expect([isResumeMessage(chunk), isResumeHello(chunk)]).to.deep.equal([false, false]);
  });

  it('refuse an id or a key of another size', () => {
    const short = { name: 'RESUME_GRANTED', received: 0, proof: new Uint8Array(31) } as const;
    expect(() => ResumeMessage.encode(short)).to.throw(UsageError, 'proof has 31 bytes, it must have 32');
  });

  for (const role of ['client', 'server'] as const) {
    it(`a hello is nothing to a ${role} that knows no resuming: an empty chunk with CHANNEL_FLAG_RESUME`, () => {
      const limits = { maximumMessageSize: 1000, maximumChannels: 4, maximumReassemblyBytes: 2000 };
      const drdynvc = new Drdynvc(role === 'server' ? { role, limits } : { role, limits, listeners: () => true });
      const hello = joinParts(ResumeHello.encode({ name: 'RESUME_HELLO', hold: 0xffff }));
      expect(drdynvc.receive(hello)).to.equal(NO_STEP);
    });
  }
});
