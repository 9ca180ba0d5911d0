import type { SpecRef } from '../core/errors.ts';
import { u16beAt } from '../core/integers.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { perInteger, perLength, readPerInteger, readPerLength } from './per.ts';

/** User ids and channel ids of a domain begin after this one, [T.125] 7; PER subtracts it from user ids. */
export const MCS_BASE_USER_ID = 1001;

/** Reason of a DisconnectProviderUltimatum, [T.125] 7. */
export const DisconnectReason = {
  domainDisconnected: 0,
  providerInitiated: 1,
  tokenPurged: 2,
  userRequested: 3,
  channelPurged: 4,
} as const;

/** Data from one user to a channel. */
export interface SentData {
  /** The sender's user id. */
  readonly initiator: number;
  readonly channelId: number;
  readonly userData: Uint8Array;
}

/** [MS-RDPBCGR] 2.2.1.5; its fields mean nothing in RDP. */
export interface ErectDomainRequest {
  readonly name: 'ERECT_DOMAIN_REQUEST';
  readonly subHeight: number;
  readonly subInterval: number;
}

/** [MS-RDPBCGR] 2.2.1.6 */
export interface AttachUserRequest {
  readonly name: 'ATTACH_USER_REQUEST';
}

/** [MS-RDPBCGR] 2.2.1.7 */
export interface AttachUserConfirm {
  readonly name: 'ATTACH_USER_CONFIRM';
  /** 0 is rt-successful. */
  readonly result: number;
  /** The new user's id. */
  readonly initiator?: number;
}

/** [MS-RDPBCGR] 2.2.1.8 */
export interface ChannelJoinRequest {
  readonly name: 'CHANNEL_JOIN_REQUEST';
  readonly initiator: number;
  readonly channelId: number;
}

/** [MS-RDPBCGR] 2.2.1.9 */
export interface ChannelJoinConfirm {
  readonly name: 'CHANNEL_JOIN_CONFIRM';
  /** 0 is rt-successful. */
  readonly result: number;
  readonly initiator: number;
  readonly requested: number;
  readonly channelId?: number;
}

/** Client to server, [MS-RDPBCGR] 2.2.1.10 and all that follows. */
export interface SendDataRequest extends SentData {
  readonly name: 'SEND_DATA_REQUEST';
}

/** Server to client. */
export interface SendDataIndication extends SentData {
  readonly name: 'SEND_DATA_INDICATION';
}

/** What precedes the data of either. */
export type SendDataHead = Omit<SendDataRequest | SendDataIndication, 'userData'>;

/** [MS-RDPBCGR] 2.2.2.3 */
export interface DisconnectProviderUltimatum {
  readonly name: 'DISCONNECT_PROVIDER_ULTIMATUM';
  /** Of {@link DisconnectReason}. */
  readonly reason: number;
}

/** An MCS PDU of an established domain, [T.125] 7, in the subset that RDP uses. */
export type DomainMcsPdu =
  | ErectDomainRequest
  | AttachUserRequest
  | AttachUserConfirm
  | ChannelJoinRequest
  | ChannelJoinConfirm
  | SendDataRequest
  | SendDataIndication
  | DisconnectProviderUltimatum;

export type DomainMcsPduName = DomainMcsPdu['name'];

/** Choice, the first six bits; section of [MS-RDPBCGR]. */
const PDUS: Readonly<Record<DomainMcsPduName, { readonly choice: number; readonly section: string }>> = {
  ERECT_DOMAIN_REQUEST: { choice: 1, section: '2.2.1.5' },
  DISCONNECT_PROVIDER_ULTIMATUM: { choice: 8, section: '2.2.2.3' },
  ATTACH_USER_REQUEST: { choice: 10, section: '2.2.1.6' },
  ATTACH_USER_CONFIRM: { choice: 11, section: '2.2.1.7' },
  CHANNEL_JOIN_REQUEST: { choice: 14, section: '2.2.1.8' },
  CHANNEL_JOIN_CONFIRM: { choice: 15, section: '2.2.1.9' },
  SEND_DATA_REQUEST: { choice: 25, section: '2.2.1.10' },
  SEND_DATA_INDICATION: { choice: 26, section: '2.2.6.1' },
};

export const DOMAIN_MCS_PDU_NAMES: readonly DomainMcsPduName[] = [
  'ERECT_DOMAIN_REQUEST',
  'DISCONNECT_PROVIDER_ULTIMATUM',
  'ATTACH_USER_REQUEST',
  'ATTACH_USER_CONFIRM',
  'CHANNEL_JOIN_REQUEST',
  'CHANNEL_JOIN_CONFIRM',
  'SEND_DATA_REQUEST',
  'SEND_DATA_INDICATION',
];

/** Where a PDU is specified. */
export function domainMcsPduSpec(name: DomainMcsPduName): SpecRef {
  return { document: 'MS-RDPBCGR', section: PDUS[name].section };
}

/** High priority, one segment that begins and ends the data, [T.125] 7. */
const PRIORITY_AND_SEGMENTATION = 0x70;
const WHOLE = 0x30;

export const DomainMcsPdu = codec<DomainMcsPdu>({
  name: 'DomainMCSPDU',
  spec: { document: 'T.125', section: '7' },
  decode(reader) {
    const first = reader.u8('choice');
    const choice = first >> 2;
    const name = DOMAIN_MCS_PDU_NAMES.find((each) => PDUS[each].choice === choice);
    if (name === undefined) throw reader.error('UNKNOWN_MESSAGE', 'choice', `there is no MCS PDU ${choice} in RDP`, 1);
    reader.rename(name, domainMcsPduSpec(name));
    const value = readBody(reader, name, first);
    reader.end();
    return value;
  },
  write(out, value) {
    const choice = PDUS[value.name].choice << 2;
    switch (value.name) {
      case 'ERECT_DOMAIN_REQUEST':
        out.octets(choice);
        out.octets(...perInteger(value.subHeight, 'subHeight'), ...perInteger(value.subInterval, 'subInterval'));
        return;
      case 'ATTACH_USER_REQUEST':
        out.octets(choice);
        return;
      case 'ATTACH_USER_CONFIRM': {
        const { result, initiator } = value;
        out.octets(...choiceAndResult(choice, initiator !== undefined, result));
        if (initiator !== undefined) writeUserId(out, initiator);
        return;
      }
      case 'CHANNEL_JOIN_REQUEST':
        out.octets(choice);
        writeUserId(out, value.initiator);
        out.u16be(value.channelId, 'channelId');
        return;
      case 'CHANNEL_JOIN_CONFIRM': {
        const { result, initiator, requested, channelId } = value;
        out.octets(...choiceAndResult(choice, channelId !== undefined, result));
        writeUserId(out, initiator);
        out.u16be(requested, 'requested');
        if (channelId !== undefined) out.u16be(channelId, 'channelId');
        return;
      }
      case 'SEND_DATA_REQUEST':
      case 'SEND_DATA_INDICATION':
        writeSendDataHeader(out, value, value.userData.byteLength);
        out.append(value.userData);
        return;
      case 'DISCONNECT_PROVIDER_ULTIMATUM':
        out.octets(choice | ((value.reason >> 1) & 3), (value.reason & 1) << 7);
        return;
    }
  },
});

/** What precedes `size` bytes of data in SEND_DATA_REQUEST and SEND_DATA_INDICATION. @throws UsageError beyond 16383 bytes */
export function writeSendDataHeader(out: Writer, pdu: SendDataHead, size: number): void {
  out.octets(PDUS[pdu.name].choice << 2);
  writeUserId(out, pdu.initiator);
  out.u16be(pdu.channelId, 'channelId');
  out.octets(PRIORITY_AND_SEGMENTATION, ...perLength(size, `${pdu.name}.userData`));
}

/** Of an MCS PDU behind X.224 Data, whose header has 3 bytes. */
const CHOICE_OFFSET = 3;
const CHANNEL_ID_OFFSET = 6;

/**
 * The channel of a SEND_DATA_REQUEST or SEND_DATA_INDICATION, behind X.224 Data as it comes in a TPKT packet; undefined for
 * other PDUs. It looks at nothing else: for whoever passes on what is not for him.
 */
export function sendDataChannel(tpdu: Uint8Array): number | undefined {
  const choice = (tpdu[CHOICE_OFFSET] ?? 0) >> 2;
  const isData = choice === PDUS.SEND_DATA_REQUEST.choice || choice === PDUS.SEND_DATA_INDICATION.choice;
  return isData && tpdu.byteLength >= CHANNEL_ID_OFFSET + 2 ? u16beAt(tpdu, CHANNEL_ID_OFFSET) : undefined;
}

function readBody(reader: Reader, name: DomainMcsPduName, first: number): DomainMcsPdu {
  // The bit behind the choice tells whether the PDU's last, optional field is there.
  const hasOptional = (first & 2) !== 0;
  switch (name) {
    case 'ERECT_DOMAIN_REQUEST': {
      const subHeight = readPerInteger(reader, 'subHeight');
      return { name, subHeight, subInterval: readPerInteger(reader, 'subInterval') };
    }
    case 'ATTACH_USER_REQUEST':
      return { name };
    case 'ATTACH_USER_CONFIRM': {
      const result = readResult(reader, first);
      return hasOptional ? { name, result, initiator: readUserId(reader) } : { name, result };
    }
    case 'CHANNEL_JOIN_REQUEST': {
      const initiator = readUserId(reader);
      return { name, initiator, channelId: reader.u16be('channelId') };
    }
    case 'CHANNEL_JOIN_CONFIRM': {
      const result = readResult(reader, first);
      const initiator = readUserId(reader);
      const requested = reader.u16be('requested');
      const confirm = { name, result, initiator, requested };
      return hasOptional ? { ...confirm, channelId: reader.u16be('channelId') } : confirm;
    }
    case 'SEND_DATA_REQUEST':
    case 'SEND_DATA_INDICATION': {
      const initiator = readUserId(reader);
      const channelId = reader.u16be('channelId');
      const segmentation = reader.u8('segmentation') & WHOLE;
      if (segmentation !== WHOLE) {
        throw reader.error('INVALID_VALUE', 'segmentation', 'data in several segments is not supported', 1);
      }
      const userData = reader.take(readPerLength(reader, 'userData'), 'userData');
      return { name, initiator, channelId, userData };
    }
    case 'DISCONNECT_PROVIDER_ULTIMATUM':
      return { name, reason: ((first & 3) << 1) | (reader.u8('reason') >> 7) };
  }
}

/** Four bits, of which the first ends the byte with the choice. */
function readResult(reader: Reader, first: number): number {
  return ((first & 1) << 3) | (reader.u8('result') >> 5);
}

function choiceAndResult(choice: number, hasOptional: boolean, result: number): readonly number[] {
  return [choice | (hasOptional ? 2 : 0) | ((result >> 3) & 1), (result & 7) << 5];
}

function readUserId(reader: Reader): number {
  return reader.u16be('initiator') + MCS_BASE_USER_ID;
}

function writeUserId(out: Writer, initiator: number): void {
  out.u16be(initiator - MCS_BASE_USER_ID, 'initiator');
}
