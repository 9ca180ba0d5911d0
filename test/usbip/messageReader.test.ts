import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError } from '../../codecs/core/errors.ts';
import { fromHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import type { UsbipClientCommand } from '../../codecs/usbip/command.ts';
import { CmdSubmit } from '../../codecs/usbip/submit.ts';
import { CmdUnlink } from '../../codecs/usbip/unlink.ts';
import { clientCommands, MessageReader } from '../../src/usbip/messageReader.ts';
import { loadVectors } from '../codecs/vectors.ts';
import { PoisonedPool } from '../poisonedPool.ts';

const LIMIT = 4096;

interface Submission {
  readonly data?: Uint8Array;
  /** Lengths of isochronous packets. */
  readonly packets?: readonly number[];
}

/** An IN transfer, or an OUT one with data. */
function submit(seqnum: number, { data, packets = [] }: Submission): UsbipClientCommand {
  let end = 0;
  const isoPacketDescriptors = packets.map((length) => {
    const offset = end;
    end += length;
    return { offset, length, actualLength: 0, status: 0 };
  });
  return {
    name: 'USBIP_CMD_SUBMIT',
    seqnum,
    devid: 0x10002,
    direction: data === undefined ? 'in' : 'out',
    ep: 1,
    transferFlags: 0,
    transferBufferLength: data?.byteLength ?? Math.max(end, 64),
    startFrame: 0,
    interval: 0,
    setup: new Uint8Array(8),
    transferBuffer: data ?? new Uint8Array(0),
    isoPacketDescriptors,
  };
}

const unlink = (seqnum: number, unlinkSeqnum: number): UsbipClientCommand => ({
  name: 'USBIP_CMD_UNLINK',
  seqnum,
  devid: 0x10002,
  unlinkSeqnum,
});
const bytesOf = (commands: readonly UsbipClientCommand[]) =>
  joinParts(
    commands.flatMap((each) => (each.name === 'USBIP_CMD_SUBMIT' ? CmdSubmit.encode(each) : CmdUnlink.encode(each))),
  );
const newReader = () => new MessageReader(clientCommands(LIMIT));

/** `bytes` in pieces of the given lengths, over and over. */
function* piecesOf(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Bytes of array buffers that were made while `run` ran, by their constructor. */
function allocatedIn(run: () => void): number[] {
  const sizes: number[] = [];
  const { Uint8Array: original } = globalThis;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, args: unknown[], newTarget) {
      if (typeof args[0] === 'number') sizes.push(args[0]);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  try {
    run();
  } finally {
    globalThis.Uint8Array = original;
  }
  return sizes;
}

const SAMPLE = [
  submit(1, {}),
  submit(2, { data: fromHex('0102030405') }),
  unlink(3, 1),
  submit(4, { packets: [8, 8] }),
  submit(5, { data: fromHex('a0a1a2a3'), packets: [2, 2] }),
  submit(6, { data: new Uint8Array(0) }),
];

describe('a reader of USB/IP commands', () => {
  it('gives the commands of one chunk in order, as views of it', () => {
    const bytes = Uint8Array.from(bytesOf(SAMPLE));
    const commands = newReader().push(bytes);
    expect(commands).to.deep.equal(SAMPLE);
    for (const command of commands) {
      if (command.name === 'USBIP_CMD_SUBMIT' && command.transferBuffer.byteLength > 0) {
        expect(command.transferBuffer.buffer).to.equal(bytes.buffer);
      }
    }
  });

  it('gives the same whatever the pieces are', () => {
    const transfer = fc.oneof(
      fc.record({ data: fc.uint8Array({ maxLength: 200 }) }),
      fc.record({ packets: fc.array(fc.nat(50), { maxLength: 5 }) }),
      fc.constant(undefined),
    );
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(transfer, { maxLength: 10 }), lengths, (transfers, cuts) => {
        const sent = transfers.map((each, index) => (each === undefined ? unlink(index, 0) : submit(index, each)));
        const reader = newReader();
        const got = [...piecesOf(bytesOf(sent), cuts)].flatMap((piece) => reader.push(piece));
        expect(got).to.deep.equal(sent);
        expect(reader.pendingBytes).to.equal(0);
      }),
    );
  });

  it('gives a command with its last byte, not before', () => {
    for (const command of SAMPLE) {
      const bytes = bytesOf([command]);
      for (let cut = 0; cut < bytes.byteLength; cut += 1) {
        const reader = newReader();
        expect(reader.push(bytes.subarray(0, cut))).to.deep.equal([]);
        expect(reader.pendingBytes).to.equal(cut);
        expect(reader.push(bytes.subarray(cut))).to.deep.equal([command]);
      }
    }
  });

  it('copies a payload that comes in many pieces once, into a buffer of its size', () => {
    const command = submit(1, { data: new Uint8Array(LIMIT).fill(7) });
    const pieces = [...piecesOf(bytesOf([command]), [100])];
    const reader = newReader();
    const allocated = allocatedIn(() => {
      expect(pieces.flatMap((piece) => reader.push(piece))).to.have.length(1);
    });
    expect(allocated).to.deep.equal([48, 48 + LIMIT]);
  });

  it('keeps nothing of a chunk that it has copied from', () => {
    const command = submit(1, { data: fromHex('01020304') });
    const bytes = bytesOf([command]);
    const reader = newReader();
    for (const piece of piecesOf(bytes, [50, 1])) {
      const chunk = Uint8Array.from(piece);
      const [got] = reader.push(chunk);
      chunk.fill(0xee);
      if (got !== undefined) expect(got).to.deep.equal(command);
    }
  });

  describe('refuses', () => {
    const head = (hex: string) => fromHex(hex.padEnd(96, '0'));
    const refused: Record<string, [string, string]> = {
      'a command that is none': ['00000005', 'command: neither USBIP_CMD_SUBMIT nor USBIP_CMD_UNLINK'],
      'a reply': ['00000003', 'command: neither USBIP_CMD_SUBMIT nor USBIP_CMD_UNLINK'],
      'an operation': ['01118003', 'command: neither USBIP_CMD_SUBMIT nor USBIP_CMD_UNLINK'],
      'OUT data beyond the limit': [
        '00000001 00000001 00010002 00000000 00000001 00000000 00001001'.replaceAll(' ', ''),
        'transfer_buffer_length: 4097 bytes, at most 4096 are accepted (offset 24,',
      ],
      'OUT data of 4 GiB': [
        '00000001 00000001 00010002 00000000 00000001 00000000 ffffffff'.replaceAll(' ', ''),
        'at most 4096 are accepted',
      ],
      'more than 1024 isochronous packets': [
        '00000001 00000001 00010002 00000001 00000001 00000000 00000000 00000000 00000401'.replaceAll(' ', ''),
        'number_of_packets: 1025 packets, at most 1024',
      ],
    };
    for (const [what, [hex, problem]] of Object.entries(refused)) {
      it(`${what}, as soon as the head is there`, () => {
        expect(() => newReader().push(head(hex))).to.throw(DecodeError, problem);
        const reader = newReader();
        reader.push(head(hex).subarray(0, 47));
        expect(() => reader.push(head(hex).subarray(47))).to.throw(DecodeError, problem);
      });
    }
  });

  it('lets an IN transfer ask for as much as it likes: nothing is allocated for it here', () => {
    const command = { ...submit(1, {}), transferBufferLength: 0x7fffffff } as UsbipClientCommand;
    expect(newReader().push(bytesOf([command]))).to.deep.equal([command]);
  });

  it('never takes more memory than the limit, and fails with a DecodeError or not at all', () => {
    const vectors = loadVectors('usbip').map(({ hex }) => fromHex(hex));
    const bytes = fc
      .tuple(
        fc.array(fc.constantFrom(...vectors, bytesOf(SAMPLE)), { maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { maxLength: 3 }),
        fc.uint8Array({ maxLength: 100 }),
      )
      .map(([messages, changes, random]) => {
        const joined = Uint8Array.from([...messages.flatMap((each) => [...each]), ...random]);
        for (const [at, value] of changes) if (joined.length > 0) joined[at % joined.length] = value;
        return joined;
      });
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
    const most = 48 + LIMIT + 1024 * 16;
    fc.assert(
      fc.property(bytes, lengths, (stream, cuts) => {
        const pieces = [...piecesOf(stream, cuts)];
        const reader = newReader();
        const allocated = allocatedIn(() => {
          try {
            for (const piece of pieces) reader.push(piece);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        });
        for (const size of allocated) expect(size).to.be.at.most(most);
      }),
      { numRuns: 500 },
    );
  });

  it('collects a large message in memory of an earlier one that somebody is done with, a small one never', () => {
    const buffers = new PoisonedPool();
    const reader = new MessageReader(clientCommands(20_000), buffers);
    const collect = (size: number) => {
      const command = submit(1, { data: new Uint8Array(size).fill(size) });
      const [message] = [...piecesOf(bytesOf([command]), [100])].flatMap((piece) => reader.push(piece));
      if (message?.name !== 'USBIP_CMD_SUBMIT') throw new Error('no command');
      expect(message).to.deep.equal(command);
      return message;
    };
    const first = collect(20_000);
    const second = collect(20_000);
    expect(second.transferBuffer.buffer).not.to.equal(first.transferBuffer.buffer);
    for (let time = 0; time < 2; time += 1) reader.done(first);
    expect(buffers.returned).to.equal(1);
    expect(collect(20_000).transferBuffer.buffer).to.equal(first.transferBuffer.buffer);
    reader.done(collect(1000));
    expect(buffers.returned).to.equal(1);
    expect(second.transferBuffer).to.deep.equal(new Uint8Array(20_000).fill(20_000));
  });
});
