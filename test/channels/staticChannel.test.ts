import { expect } from 'chai';
import fc from 'fast-check';
import { type DecodeError, ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { ChannelFlag, ChannelPdu } from '../../codecs/svc/channelPduHeader.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';

const { CHANNEL_FLAG_FIRST: FIRST, CHANNEL_FLAG_LAST: LAST, CHANNEL_FLAG_SHOW_PROTOCOL: SHOW } = ChannelFlag;

function chunk(length: number, flags: number, data: Uint8Array | number[] = []): Uint8Array {
  return joinParts(ChannelPdu.encode({ length, flags, data: Uint8Array.from(data) }));
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 31);
}

/** Feeds chunks; returns the messages as hex. Fails on an error. */
function receiveAll(channel: StaticChannel, chunks: readonly Parts[]): string[] {
  return chunks.flatMap((parts) => {
    const { messages, error } = channel.receive(joinParts(parts));
    expect(error).to.equal(undefined);
    return messages.map(toHex);
  });
}

function expectError(channel: StaticChannel, bytes: Uint8Array): DecodeError | ProtocolError {
  const { messages, error } = channel.receive(bytes);
  expect(messages).to.deep.equal([]);
  expect(error).to.be.instanceOf(Error);
  return error!;
}

describe('StaticChannel, sending (3.1.5.2.1)', () => {
  it('sends up to 1600 bytes as one chunk, FIRST and LAST', () => {
    for (const size of [1, 1599, 1600]) {
      const [only, ...others] = new StaticChannel().send([pattern(size)]);
      expect(others).to.deep.equal([]);
      expect(toHex(joinParts(only!))).to.equal(toHex(chunk(size, FIRST | LAST, pattern(size))));
    }
  });

  it('cuts the worked example of 3.1.5.2.2.1: 2062 bytes into 1000, 1000, 62', () => {
    const message = pattern(2062);
    const chunks = new StaticChannel({ chunkSize: 1000 }).send([message]);
    expect(chunks.map((parts) => toHex(joinParts(parts)))).to.deep.equal([
      toHex(chunk(2062, FIRST | SHOW, message.subarray(0, 1000))),
      toHex(chunk(2062, SHOW, message.subarray(1000, 2000))),
      toHex(chunk(2062, LAST | SHOW, message.subarray(2000))),
    ]);
  });

  it('sends payloads by reference and all headers in one allocation', () => {
    const head = Uint8Array.of(1, 2);
    const payload = pattern(5000);
    const chunks = new StaticChannel().sendAll([[head, payload], [head]]);
    const headers = new Set(chunks.map(([header]) => header?.buffer));
    expect(headers.size).to.equal(1);
    const bodies = new Set(chunks.flatMap(([, ...body]) => body.map((part) => part.buffer)));
    expect(bodies).to.deep.equal(new Set([head.buffer, payload.buffer]));
  });

  it('refuses to send nothing', () => {
    expect(() => new StaticChannel().send([])).to.throw(UsageError);
    expect(() => new StaticChannel().send([new Uint8Array(0)])).to.throw(UsageError);
    expect(() => new StaticChannel({ chunkSize: 0 })).to.throw(UsageError);
  });
});

describe('StaticChannel, receiving (3.1.5.2.2.1)', () => {
  it('puts together what it cut, for any message, parts and chunk size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 400 }),
        (parts, chunkSize) => {
          fc.pre(parts.some((part) => part.length > 0));
          const chunks = new StaticChannel({ chunkSize }).send(parts);
          for (const each of chunks) expect(joinParts(each).length).to.be.at.most(chunkSize + 8);
          expect(receiveAll(new StaticChannel(), chunks)).to.deep.equal([toHex(joinParts(parts))]);
        },
      ),
    );
  });

  it('gives a view of a chunk that holds the whole message', () => {
    const bytes = chunk(3, FIRST | LAST, [1, 2, 3]);
    const { messages } = new StaticChannel().receive(bytes);
    expect(messages[0]?.buffer).to.equal(bytes.buffer);
    expect(messages[0]?.byteOffset).to.equal(bytes.byteOffset + 8);
  });

  it('does not ask for SHOW_PROTOCOL', () => {
    const channel = new StaticChannel();
    expect(channel.receive(chunk(4, FIRST, [1, 2])).messages).to.deep.equal([]);
    expect(channel.receive(chunk(4, LAST, [3, 4])).messages.map(toHex)).to.deep.equal(['01020304']);
  });

  it('takes a lone chunk without flags as a message, and no other', () => {
    const channel = new StaticChannel();
    expect(channel.receive(chunk(2, 0, [1, 2])).messages.map(toHex)).to.deep.equal(['0102']);
    expect(expectError(channel, chunk(3, 0, [1, 2]))).to.be.instanceOf(ProtocolError);
    expect(expectError(channel, chunk(2, LAST, [1, 2]))).to.be.instanceOf(ProtocolError);
  });

  it('takes suspend and resume between and inside messages', () => {
    const channel = new StaticChannel();
    const { CHANNEL_FLAG_SUSPEND, CHANNEL_FLAG_RESUME } = ChannelFlag;
    const chunks = [
      chunk(0, CHANNEL_FLAG_SUSPEND),
      chunk(2, FIRST, [1]),
      chunk(0, CHANNEL_FLAG_RESUME),
      chunk(2, LAST, [2]),
    ];
    expect(
      receiveAll(
        channel,
        chunks.map((each) => [each]),
      ),
    ).to.deep.equal(['0102']);
  });

  it('refuses compressed chunks', () => {
    const error = expectError(new StaticChannel(), chunk(2, FIRST | LAST | ChannelFlag.CHANNEL_PACKET_COMPRESSED, [1]));
    expect(error.message).to.equal(
      'CHANNEL_PDU_HEADER.flags: the chunk is compressed, which was not agreed (offset 4, [MS-RDPBCGR] 3.1.5.2.2.1)',
    );
  });

  const faults: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['a header that is cut off', [fromHex('01000000030000')]],
    ['one chunk that holds less than its length', [chunk(3, FIRST | LAST, [1, 2])]],
    ['one chunk that holds more than its length', [chunk(1, FIRST | LAST, [1, 2])]],
    ['a first chunk that holds more than the length', [chunk(1, FIRST, [1, 2])]],
    ['chunks that hold more than the length', [chunk(3, FIRST, [1, 2]), chunk(3, 0, [3, 4])]],
    ['a last chunk that leaves bytes missing', [chunk(4, FIRST, [1, 2]), chunk(4, LAST, [3])]],
    ['another length inside a message', [chunk(4, FIRST, [1, 2]), chunk(5, LAST, [3, 4])]],
    ['a shorter length inside a message, which its chunks have', [chunk(4, FIRST, [1, 2]), chunk(3, LAST, [3])]],
    ['a longer length inside a message', [chunk(4, FIRST, [1, 2]), chunk(6, 0, [3])]],
    ['a first chunk inside a message', [chunk(4, FIRST, [1, 2]), chunk(2, FIRST | LAST, [1, 2])]],
    ['a message beyond the limit', [chunk(65537, FIRST, [1, 2])]],
  ];
  for (const [name, chunks] of faults) {
    it(`refuses ${name}, and takes the next message`, () => {
      const channel = new StaticChannel();
      for (const each of chunks.slice(0, -1)) expect(channel.receive(each).error).to.equal(undefined);
      expectError(channel, chunks.at(-1)!);
      expect(channel.receive(chunk(1, FIRST | LAST, [9])).messages.map(toHex)).to.deep.equal(['09']);
    });
  }

  it('never throws, and never delivers more than the limit', () => {
    const flags = fc.integer({ min: 0, max: 3 });
    const chunks = fc.record({ length: fc.nat(40), flags, data: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(chunks, fc.uint8Array({ maxLength: 20 })), { maxLength: 30 }), (inputs) => {
        const channel = new StaticChannel({ maximumMessageSize: 30 });
        for (const input of inputs) {
          const bytes = input instanceof Uint8Array ? input : joinParts(ChannelPdu.encode(input));
          for (const message of channel.receive(bytes).messages) expect(message.length).to.be.at.most(30);
        }
      }),
    );
  });
});
