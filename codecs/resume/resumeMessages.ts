import { UsageError } from '../core/errors.ts';
import { type Codec, codec } from '../core/message.ts';
import { Reader } from '../core/reader.ts';
import { asciiBytes } from '../core/text.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './resumeStructs.generated.ts';

/** Messages by which both ends of a connection go on after it was cut. */
const SPEC = { document: 'docs/resume.md', section: 'Messages' };

/**
 * The dialler's first frame: it can resume. It looks like an empty chunk of the static channel with CHANNEL_FLAG_RESUME,
 * which a listener that knows nothing of this ignores.
 */
export interface ResumeHello {
  readonly name: 'RESUME_HELLO';
  /** Seconds that the dialler wants its session to be held after a cut, at most 65535. */
  readonly hold: number;
}

/** Where a chunk has its length; no chunk is that long. */
const HELLO_MARK = 0x5352;
/** CHANNEL_FLAG_RESUME, [MS-RDPBCGR] 2.2.6.1.1. */
const HELLO_FLAGS = 0x40;

const Hello = struct('RESUME_HELLO', { hold: 'u16', mark: 'u16', flags: 'u32' });

export const ResumeHello = codec<ResumeHello>({
  name: 'RESUME_HELLO',
  spec: SPEC,
  decode(reader) {
    const { hold, mark, flags } = Hello.decode(reader);
    if (mark !== HELLO_MARK) throw reader.error('INVALID_VALUE', 'mark', `${mark}, must be ${HELLO_MARK}`, 6);
    if (flags !== HELLO_FLAGS) throw reader.error('INVALID_VALUE', 'flags', `${flags}, must be ${HELLO_FLAGS}`, 4);
    return { name: 'RESUME_HELLO', hold };
  },
  write(out, { hold }) {
    Hello.write(out, { hold, mark: HELLO_MARK, flags: HELLO_FLAGS });
  },
});

/** Whether a frame is a RESUME_HELLO. */
export function isResumeHello(frame: Uint8Array): boolean {
  return (
    frame.byteLength === Hello.size &&
    frame[2] === (HELLO_MARK & 0xff) &&
    frame[3] === HELLO_MARK >> 8 &&
    frame[4] === HELLO_FLAGS
  );
}

/** Of which version of these rules a RESUME_ACCEPT is. */
export const RESUME_VERSION = 1;
/** Bytes. */
export const SESSION_ID_SIZE = 16;
/** Bytes of a key, and of a proof. */
export const KEY_SIZE = 32;

/** The listener's answer to RESUME_HELLO: from here on both ends count their frames. */
export interface ResumeAccept {
  readonly name: 'RESUME_ACCEPT';
  readonly version: number;
  /** Seconds that both ends hold the session, at most what the dialler wants. */
  readonly hold: number;
  /** {@link SESSION_ID_SIZE} bytes. */
  readonly sessionId: Uint8Array;
  /** {@link KEY_SIZE} bytes: what proves later that the other end is the same. */
  readonly key: Uint8Array;
}

/** The first frame of a dialler on a new connection: it wants to go on with a session. */
export interface ResumeRequest {
  readonly name: 'RESUME_REQUEST';
  /** {@link SESSION_ID_SIZE} bytes. */
  readonly sessionId: Uint8Array;
  /** Higher with each attempt: a request is good only once. */
  readonly generation: number;
  /** Frames that the dialler has received, modulo 2^32. */
  readonly received: number;
  /** {@link KEY_SIZE} bytes. */
  readonly proof: Uint8Array;
}

/** The listener's answer: both ends send what the other one lacks. */
export interface ResumeGranted {
  readonly name: 'RESUME_GRANTED';
  /** Frames that the listener has received, modulo 2^32. */
  readonly received: number;
  /** {@link KEY_SIZE} bytes. */
  readonly proof: Uint8Array;
}

/** The listener's other answer: there is no such session, or the proof is wrong, or the request is not the newest. */
export interface ResumeRefused {
  readonly name: 'RESUME_REFUSED';
}

/** So many frames were received and need not be kept any more. */
export interface ResumeAck {
  readonly name: 'RESUME_ACK';
  /** Modulo 2^32. */
  readonly received: number;
}

/** Asks for a RESUME_ACK, to see whether the other end is still there. */
export interface ResumePing {
  readonly name: 'RESUME_PING';
}

/** The sender closes the session: the last frame. */
export interface ResumeEnd {
  readonly name: 'RESUME_END';
}

/** The dialler got RESUME_ACCEPT too late, and has not kept all that it sent: the connection is one without resume. */
export interface ResumeDecline {
  readonly name: 'RESUME_DECLINE';
}

/** Something for people at the other end to read. Not acknowledged, and not sent again after a cut. */
export interface ResumeNotice {
  readonly name: 'RESUME_NOTICE';
  /** UTF-8 of at most {@link LONGEST_NOTICE} bytes. */
  readonly text: string;
}

/** Bytes. */
export const LONGEST_NOTICE = 512;

/** What may come at any time on a connection that can be resumed, beside channel chunks. */
export type ResumeMessage =
  | ResumeNotice
  | ResumeAccept
  | ResumeRequest
  | ResumeGranted
  | ResumeRefused
  | ResumeAck
  | ResumePing
  | ResumeEnd
  | ResumeDecline;

/** ASCII, before each of them. As the length of a chunk its first 4 bytes would be above 1 GiB. */
export const MAGIC = asciiBytes('URBDRC-RESUM');

const NAMES: Readonly<Record<number, ResumeMessage['name']>> = {
  1: 'RESUME_NOTICE',
  2: 'RESUME_ACCEPT',
  3: 'RESUME_REQUEST',
  4: 'RESUME_GRANTED',
  5: 'RESUME_REFUSED',
  6: 'RESUME_ACK',
  7: 'RESUME_PING',
  8: 'RESUME_END',
  9: 'RESUME_DECLINE',
};
const KINDS = new Map(Object.entries(NAMES).map(([kind, name]) => [name, Number(kind)]));

const NoticeHead = struct('RESUME_NOTICE', { size: 'u16' });
const AcceptHead = struct('RESUME_ACCEPT', { version: 'u8', hold: 'u16' });
const RequestHead = struct('RESUME_REQUEST', { generation: 'u32', received: 'u32' });
const Received = struct('RESUME_ACK', { received: 'u32' });

/** Whether a frame is a {@link ResumeMessage}, and no chunk. */
export function isResumeMessage(frame: Uint8Array): boolean {
  // Nearly every frame is a chunk: one look tells.
  if (frame[3] !== MAGIC[3] || frame[0] !== MAGIC[0]) return false;
  return frame.byteLength > MAGIC.byteLength && MAGIC.every((byte, index) => frame[index] === byte);
}

/** All of {@link ResumeMessage}: magic, a byte that says which one it is, and its fields. */
export const ResumeMessage = codec<ResumeMessage>({
  name: 'RESUME_MESSAGE',
  spec: SPEC,
  decode(reader) {
    const magic = reader.take(MAGIC.byteLength, 'magic');
    if (!MAGIC.every((byte, index) => magic[index] === byte)) {
      throw reader.error('UNKNOWN_MESSAGE', 'magic', 'not that of a message about resuming', MAGIC.byteLength);
    }
    const kind = reader.u8('kind');
    const name = NAMES[kind];
    if (name === undefined) throw reader.error('UNKNOWN_MESSAGE', 'kind', `${kind} is unknown`, 1);
    reader.rename(name, SPEC);
    return decodeFields(reader, name);
  },
  write(out, message) {
    const kind = KINDS.get(message.name);
    if (kind === undefined) throw new UsageError(`${JSON.stringify(message.name)} is no message about resuming`);
    out.octets(...MAGIC, kind);
    writeFields(out, message);
  },
});

/** A frame as one of them. @throws DecodeError */
export function decodeResumeMessage(frame: Uint8Array): ResumeMessage {
  return decodeWhole(ResumeMessage, frame);
}

/** A frame as a RESUME_HELLO. @throws DecodeError */
export function decodeResumeHello(frame: Uint8Array): ResumeHello {
  return decodeWhole(ResumeHello, frame);
}

function decodeWhole<V>(codec: Codec<V>, frame: Uint8Array): V {
  const reader = new Reader(frame, codec.name, codec.spec);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

function decodeFields(reader: Reader, name: ResumeMessage['name']): ResumeMessage {
  switch (name) {
    case 'RESUME_NOTICE':
      return { name, text: noticeOf(reader) };
    case 'RESUME_ACCEPT': {
      const { version, hold } = AcceptHead.decode(reader);
      return { name, version, hold, sessionId: id(reader), key: secret(reader, 'key') };
    }
    case 'RESUME_REQUEST': {
      const sessionId = id(reader);
      return { name, sessionId, ...RequestHead.decode(reader), proof: secret(reader, 'proof') };
    }
    case 'RESUME_GRANTED':
      return { name, ...Received.decode(reader), proof: secret(reader, 'proof') };
    case 'RESUME_ACK':
      return { name, ...Received.decode(reader) };
    case 'RESUME_REFUSED':
    case 'RESUME_PING':
    case 'RESUME_END':
    case 'RESUME_DECLINE':
      return { name };
  }
}

function writeFields(out: Writer, message: ResumeMessage): void {
  switch (message.name) {
    case 'RESUME_NOTICE':
      writeNotice(out, message.text);
      return;
    case 'RESUME_ACCEPT':
      AcceptHead.write(out, message);
      out.append(ofSize(message.sessionId, SESSION_ID_SIZE, 'sessionId'));
      out.append(ofSize(message.key, KEY_SIZE, 'key'));
      return;
    case 'RESUME_REQUEST':
      out.append(ofSize(message.sessionId, SESSION_ID_SIZE, 'sessionId'));
      RequestHead.write(out, message);
      out.append(ofSize(message.proof, KEY_SIZE, 'proof'));
      return;
    case 'RESUME_GRANTED':
      Received.write(out, message);
      out.append(ofSize(message.proof, KEY_SIZE, 'proof'));
      return;
    case 'RESUME_ACK':
      Received.write(out, message);
      return;
    case 'RESUME_REFUSED':
    case 'RESUME_PING':
    case 'RESUME_END':
    case 'RESUME_DECLINE':
      return;
  }
}

function noticeOf(reader: Reader): string {
  const { size } = NoticeHead.decode(reader);
  if (size > LONGEST_NOTICE) {
    throw reader.error('LIMIT_EXCEEDED', 'size', `${size} bytes, at most ${LONGEST_NOTICE} are accepted`, 2);
  }
  const bytes = reader.take(size, 'text');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw reader.error('INVALID_VALUE', 'text', 'not UTF-8', bytes.byteLength);
  }
}

function writeNotice(out: Writer, text: string): void {
  const bytes = new TextEncoder().encode(text);
  const size = bytes.byteLength;
  if (size > LONGEST_NOTICE) throw new UsageError(`text has ${size} bytes, it must have at most ${LONGEST_NOTICE}`);
  NoticeHead.write(out, { size });
  out.append(bytes);
}

function id(reader: Reader): Uint8Array {
  return reader.take(SESSION_ID_SIZE, 'sessionId');
}

function secret(reader: Reader, field: 'key' | 'proof'): Uint8Array {
  return reader.take(KEY_SIZE, field);
}

function ofSize(bytes: Uint8Array, size: number, field: string): Uint8Array {
  if (bytes.byteLength !== size) throw new UsageError(`${field} has ${bytes.byteLength} bytes, it must have ${size}`);
  return bytes;
}
