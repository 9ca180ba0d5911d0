import { readFileSync } from 'node:fs';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DomainMcsPdu } from '../../../codecs/rdp/mcsDomain.ts';
import { ShareControlPdu } from '../../../codecs/rdp/shareControl.ts';

interface Line {
  readonly dir?: string;
  readonly name?: string;
  readonly hex?: string;
}

const CAPTURE = new URL('../../../test-vectors/captures/freerdp-2.11.7-storage.rdp.jsonl', import.meta.url);

/** What a real FreeRDP (user u, password p) sent until its channels stood: whole TPKT packets, by name. */
export const CAPTURED: ReadonlyMap<string, Uint8Array> = new Map(
  readFileSync(CAPTURE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .flatMap(({ dir, name = '', hex = '' }) => (dir === 'c2s' ? [[name, Uint8Array.from(fromHex(hex))] as const] : [])),
);

/** The packets in their order, up to and including TLS' connection request, and behind it. */
export const CONNECTION_REQUEST = captured('X224 ConnectionRequest');
export const INSIDE_TLS: readonly Uint8Array[] = [...CAPTURED.values()].slice(1);
/** As INSIDE_TLS, up to and including the client's user and password. */
export const UP_TO_CREDENTIALS: readonly Uint8Array[] = INSIDE_TLS.slice(
  0,
  [...CAPTURED.keys()].indexOf('ClientInfo flags=40'),
);
/** The rest. */
export const ACTIVATION: readonly Uint8Array[] = INSIDE_TLS.slice(UP_TO_CREDENTIALS.length);

/** The channel drdynvc of this client. */
export const DRDYNVC_CHANNEL = 1007;
export const CLIENT_USER = 1100;

export function captured(name: string): Uint8Array {
  const packet = CAPTURED.get(name);
  if (packet === undefined) throw new Error(`the capture has no ${name}`);
  return packet;
}

export function tpkt(...payload: readonly Uint8Array[]): Uint8Array {
  const length = 4 + payload.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Uint8Array.from(joinParts([Uint8Array.of(3, 0, length >> 8, length & 0xff), ...payload]));
}

/** A packet with an MCS PDU. */
export function mcs(pdu: DomainMcsPdu): Uint8Array {
  return tpkt(Uint8Array.of(2, 0xf0, 0x80), ...DomainMcsPdu.encode(pdu));
}

/** What the client sends to a channel. */
export function sent(channelId: number, userData: Uint8Array): Uint8Array {
  return mcs({ name: 'SEND_DATA_REQUEST', initiator: CLIENT_USER, channelId, userData });
}

/** The client's data PDU of the kind `pduType2`. */
export function dataPdu(pduType2: number, data: Uint8Array): Uint8Array {
  const common = { name: 'TS_DATA_PDU', pduSource: CLIENT_USER, shareId: 0x000103ea, streamId: 1 } as const;
  return sent(1003, joinParts(ShareControlPdu.encode({ ...common, pduType2, compressedType: 0, data })));
}

/** What a packet of the server is, in a word: the MCS PDU, or the share control PDU or data PDU in it. */
export function nameOf(packet: Uint8Array): string {
  const spec = { document: 'T.125', section: '7' };
  const pdu = DomainMcsPdu.decode(new Reader(packet.subarray(7), 'DomainMCSPDU', spec));
  if (pdu.name !== 'SEND_DATA_INDICATION') return pdu.name;
  if (pdu.channelId !== 1003) return `channel ${pdu.channelId}`;
  if (pdu.userData[0] === 0x80) return 'licence';
  const share = ShareControlPdu.decode(new Reader(pdu.userData, 'TS_SHARECONTROLHEADER', spec));
  return share.name === 'TS_DATA_PDU' ? `data 0x${share.pduType2.toString(16)}` : share.name;
}
