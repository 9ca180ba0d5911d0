import type { SpecRef } from '../../codecs/core/errors.ts';
import { byteLength, joinParts, type Parts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { Writer } from '../../codecs/core/writer.ts';
import { DomainMcsPdu, type SendDataHead, writeSendDataHeader } from '../../codecs/rdp/mcsDomain.ts';
import { ShareControlPdu, STREAM_LOW } from '../../codecs/rdp/shareControl.ts';
import { tpktHeader } from '../../codecs/rdp/tpkt.ts';
import { X224_DATA_HEADER } from '../../codecs/rdp/x224.ts';

/** The server as an MCS user, which sends all that the server sends. */
export const SERVER_USER_ID = 1002;
/** The channel of all PDUs that belong to no virtual channel. */
export const IO_CHANNEL_ID = 1003;
/** The client as an MCS user; above all channels, whose ids follow that of the I/O channel. */
export const CLIENT_USER_ID = 1100;
/** The one share of a connection. */
export const SHARE_ID = 0x0001_0000 | SERVER_USER_ID;

/** A TPKT packet with `payload` by reference. @throws UsageError beyond what one can carry */
export function tpktPacket(payload: Parts): Parts {
  return [tpktHeader(byteLength(payload)), ...payload];
}

export function mcsPacket(pdu: DomainMcsPdu): Parts {
  return tpktPacket([X224_DATA_HEADER, ...DomainMcsPdu.encode(pdu)]);
}

/** What one end sends to a channel. @throws UsageError beyond 16383 bytes */
export function sendDataPacket(head: SendDataHead, data: Parts): Parts {
  const out = new Writer();
  out.octets(...X224_DATA_HEADER);
  writeSendDataHeader(out, head, byteLength(data));
  return tpktPacket([...out.finish(), ...data]);
}

/** What the server sends to one channel. @throws UsageError beyond 16383 bytes */
export function channelPacket(channelId: number, data: Parts): Parts {
  return sendDataPacket({ name: 'SEND_DATA_INDICATION', initiator: SERVER_USER_ID, channelId }, data);
}

/** A data PDU of the kind `pduType2`. */
export function dataPacket(pduType2: number, body: Parts, ioChannelId = IO_CHANNEL_ID): Parts {
  const pdu: ShareControlPdu = {
    name: 'TS_DATA_PDU',
    pduSource: SERVER_USER_ID,
    shareId: SHARE_ID,
    streamId: STREAM_LOW,
    pduType2,
    compressedType: 0,
    data: joinParts(body),
  };
  return sharePacket(pdu, ioChannelId);
}

export function sharePacket(pdu: ShareControlPdu, ioChannelId = IO_CHANNEL_ID): Parts {
  return channelPacket(ioChannelId, ShareControlPdu.encode(pdu));
}

/** What {@link decodeWith} needs of a codec. */
export interface Decoder<V> {
  readonly name: string;
  readonly spec: SpecRef;
  decode(reader: Reader): V;
}

/** Reads leniently: bytes after the last known field belong to a later version. */
export function readerOf(codec: Decoder<unknown>, bytes: Uint8Array): Reader {
  return new Reader(bytes, codec.name, codec.spec, { lenient: true });
}

/** @throws DecodeError */
export function decodeWith<V>(codec: Decoder<V>, bytes: Uint8Array): V {
  return codec.decode(readerOf(codec, bytes));
}
