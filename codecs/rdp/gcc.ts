import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { MCS_BASE_USER_ID } from './mcsDomain.ts';
import { perLength, readPerLength } from './per.ts';
import { readUserDataBlocks, type UserDataBlock, writeUserDataBlocks } from './userDataBlock.ts';

const REQUEST_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.3' };
const RESPONSE_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.4' };

/** GCC Conference Create Request, [T.124] 8.7: RDP uses it to carry a list of blocks. */
export interface ConferenceCreateRequest {
  readonly blocks: readonly UserDataBlock[];
}

/** GCC Conference Create Response, [T.124] 8.7. */
export interface ConferenceCreateResponse {
  readonly nodeId: number;
  readonly tag: number;
  /** 0 is success. */
  readonly result: number;
  readonly blocks: readonly UserDataBlock[];
}

/** The object identifier of T.124 (02/98) in PER: choice, length, {itu-t(0) recommendation(0) t(20) 124 version(0) 1}. */
const T124 = [0x00, 0x05, 0x00, 0x14, 0x7c, 0x00, 0x01];
/** conferenceCreateRequest with userData; a conference named "1" of no properties; one h221NonStandard set of data. */
const REQUEST = [0x00, 0x08, 0x00, 0x10, 0x00, 0x01, 0xc0, 0x00];
const RESPONSE = 0x14;
/** One set of user data, of the kind h221NonStandard, whose key has four bytes. */
const RESPONSE_DATA = [0x01, 0xc0, 0x00];
/** `Duca`. */
const CLIENT_KEY = [0x44, 0x75, 0x63, 0x61];
/** `McDn`. */
const SERVER_KEY = [0x4d, 0x63, 0x44, 0x6e];

export const ConferenceCreateRequest = codec<ConferenceCreateRequest>({
  name: 'CONFERENCE_CREATE_REQUEST',
  spec: REQUEST_SPEC,
  decode(reader) {
    const body = readConnectData(reader);
    expectBytes(body, REQUEST, 'ConferenceCreateRequest');
    expectBytes(body, CLIENT_KEY, 'h221NonStandard');
    const blocks = readUserDataBlocks(readUserData(body));
    reader.end();
    return { blocks };
  },
  write(out, { blocks }) {
    out.octets(...T124);
    const start = out.position;
    out.octets(...REQUEST, ...CLIENT_KEY);
    writeUserData(out, blocks);
    wrapPer(out, start, 'connectPDU');
  },
});

export const ConferenceCreateResponse = codec<ConferenceCreateResponse>({
  name: 'CONFERENCE_CREATE_RESPONSE',
  spec: RESPONSE_SPEC,
  decode(reader) {
    const body = readResponseData(reader);
    const choice = body.u8('choice');
    if (choice !== RESPONSE) throw body.error('INVALID_VALUE', 'choice', `${choice} is no ConferenceCreateResponse`, 1);
    const nodeId = body.u16be('nodeID') + MCS_BASE_USER_ID;
    const size = body.u8('tag');
    if (size !== 1) throw body.error('INVALID_VALUE', 'tag', `an integer of ${size} bytes`, 1);
    const tag = body.u8('tag');
    const result = body.u8('result') >> 4;
    expectBytes(body, RESPONSE_DATA, 'userData');
    expectBytes(body, SERVER_KEY, 'h221NonStandard');
    const blocks = readUserDataBlocks(readUserData(body));
    reader.end();
    return { nodeId, tag, result, blocks };
  },
  write(out, { nodeId, tag, result, blocks }) {
    if (!Number.isInteger(tag) || tag < 0 || tag > 127) {
      throw new UsageError(`CONFERENCE_CREATE_RESPONSE.tag: ${tag} is not an integer from 0 to 127`);
    }
    out.octets(...T124);
    const start = out.position;
    out.u8(RESPONSE, 'choice');
    out.u16be(nodeId - MCS_BASE_USER_ID, 'nodeID');
    out.octets(1, tag, (result & 0xf) << 4, ...RESPONSE_DATA, ...SERVER_KEY);
    writeUserData(out, blocks);
    wrapPer(out, start, 'connectPDU');
  },
});

/** xrdp and FreeRDP announce a fixed number that has nothing to do with what follows, so a session does not look at it. */
function readResponseData(reader: Reader): Reader {
  if (!reader.lenient) return readConnectData(reader);
  expectBytes(reader, T124, 't124Identifier');
  readPerLength(reader, 'connectPDU');
  return reader;
}

function readConnectData(reader: Reader): Reader {
  expectBytes(reader, T124, 't124Identifier');
  return reader.sub(readPerLength(reader, 'connectPDU'), 'connectPDU');
}

function readUserData(reader: Reader): Reader {
  const data = reader.sub(readPerLength(reader, 'value'), 'value');
  reader.end();
  return data;
}

function writeUserData(out: Writer, blocks: readonly UserDataBlock[]): void {
  const start = out.position;
  writeUserDataBlocks(out, blocks);
  wrapPer(out, start, 'value');
}

/** Puts the length of all that was written since `start` before it. */
function wrapPer(out: Writer, start: number, field: string): void {
  out.insert(start, perLength(out.position - start, field));
}

function expectBytes(reader: Reader, expected: readonly number[], field: string): void {
  const bytes = reader.take(expected.length, field);
  const at = expected.findIndex((byte, index) => byte !== bytes[index]);
  if (at < 0) return;
  throw reader.error('INVALID_VALUE', field, `${bytes[at]} at byte ${at}`, expected.length - at);
}
