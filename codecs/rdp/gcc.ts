import { UsageError } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import { byteLength, type Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import { readU16BigEndian, u16BigEndian } from './bigEndian.ts';
import { MCS_BASE_USER_ID } from './mcsDomain.ts';
import { perLength, readPerLength } from './per.ts';
import { readUserDataBlocks, type UserDataBlock, userDataBlocks } from './userDataBlock.ts';

const REQUEST_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.3' };
const RESPONSE_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.4' };

/** GCC Conference Create Request, [T.124] 8.7: all that RDP puts in is a list of blocks. */
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
const T124 = Uint8Array.of(0x00, 0x05, 0x00, 0x14, 0x7c, 0x00, 0x01);
/** conferenceCreateRequest with userData; a conference named "1" of no properties; one h221NonStandard set of data. */
const REQUEST = Uint8Array.of(0x00, 0x08, 0x00, 0x10, 0x00, 0x01, 0xc0, 0x00);
const RESPONSE = 0x14;
/** One set of user data, of the kind h221NonStandard, whose key has four bytes. */
const RESPONSE_DATA = Uint8Array.of(0x01, 0xc0, 0x00);
const CLIENT_KEY = Uint8Array.from('Duca', (letter) => letter.charCodeAt(0));
const SERVER_KEY = Uint8Array.from('McDn', (letter) => letter.charCodeAt(0));

export const ConferenceCreateRequest: Codec<ConferenceCreateRequest> = {
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
  encode({ blocks }) {
    return connectData([REQUEST, CLIENT_KEY, ...userData(blocks)]);
  },
};

export const ConferenceCreateResponse: Codec<ConferenceCreateResponse> = {
  name: 'CONFERENCE_CREATE_RESPONSE',
  spec: RESPONSE_SPEC,
  decode(reader) {
    const body = readConnectData(reader);
    const choice = body.u8('choice');
    if (choice !== RESPONSE) throw body.error('INVALID_VALUE', 'choice', `${choice} is no ConferenceCreateResponse`, 1);
    const nodeId = readU16BigEndian(body, 'nodeID') + MCS_BASE_USER_ID;
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
  encode({ nodeId, tag, result, blocks }) {
    if (!Number.isInteger(tag) || tag < 0 || tag > 127) {
      throw new UsageError(`CONFERENCE_CREATE_RESPONSE.tag: ${tag} is not an integer from 0 to 127`);
    }
    const node = u16BigEndian(nodeId - MCS_BASE_USER_ID, 'nodeID');
    const head = Uint8Array.of(RESPONSE, ...node, 1, tag, (result & 0xf) << 4);
    return connectData([head, RESPONSE_DATA, SERVER_KEY, ...userData(blocks)]);
  },
};

function readConnectData(reader: Reader): Reader {
  expectBytes(reader, T124, 't124Identifier');
  return reader.sub(readPerLength(reader, 'connectPDU'), 'connectPDU');
}

function connectData(pdu: Parts): Parts {
  return [T124, Uint8Array.from(perLength(byteLength(pdu), 'connectPDU')), ...pdu];
}

function readUserData(reader: Reader): Reader {
  const data = reader.sub(readPerLength(reader, 'value'), 'value');
  reader.end();
  return data;
}

function userData(blocks: readonly UserDataBlock[]): Parts {
  const parts = userDataBlocks(blocks);
  return [Uint8Array.from(perLength(byteLength(parts), 'value')), ...parts];
}

function expectBytes(reader: Reader, expected: Uint8Array, field: string): void {
  const bytes = reader.take(expected.byteLength, field);
  const at = expected.findIndex((byte, index) => byte !== bytes[index]);
  if (at < 0) return;
  throw reader.error('INVALID_VALUE', field, `${bytes[at]} at byte ${at}`, expected.byteLength - at);
}
