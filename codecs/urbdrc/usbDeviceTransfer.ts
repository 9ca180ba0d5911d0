import { byteLength } from '../core/parts.ts';
import { struct } from './urbdrcStructs.generated.ts';
import {
  decodeRequestHeader,
  encodeRequestHeader,
  rdpeusb,
  REQUEST_HEADER,
  type MessageCodec,
  type MessageIds,
} from './header.ts';
import { decodeTsUrb, encodeTsUrb, type TsUrb } from './tsUrb/tsUrb.ts';

const IN_RULE = {
  name: 'TRANSFER_IN_REQUEST',
  spec: rdpeusb('2.2.6.7'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x105,
} as const;

/** [MS-RDPEUSB] 2.2.6.7: reads from the device, or does what moves no data. */
export interface TransferInRequest extends MessageIds {
  readonly name: 'TRANSFER_IN_REQUEST';
  readonly tsUrb: TsUrb;
  /** The most bytes wanted; 0 for requests without data. */
  readonly outputBufferSize: number;
}

const InHead = struct(IN_RULE.name, { ...REQUEST_HEADER, CbTsUrb: 'u32' });
const Tail = struct('TRANSFER_REQUEST', { OutputBufferSize: 'u32' });

export const TransferInRequest: MessageCodec<TransferInRequest> = {
  ...IN_RULE,
  decode(reader) {
    const head = InHead.decode(reader);
    const ids = decodeRequestHeader(reader, IN_RULE, head);
    const tsUrbReader = reader.sub(head.CbTsUrb, 'TsUrb');
    const { OutputBufferSize } = Tail.decode(reader);
    reader.end();
    return { name: IN_RULE.name, ...ids, tsUrb: decodeTsUrb(tsUrbReader), outputBufferSize: OutputBufferSize };
  },
  encode(value) {
    const tsUrb = encodeTsUrb(value.tsUrb);
    const head = InHead.encode({ CbTsUrb: byteLength(tsUrb), ...encodeRequestHeader(IN_RULE, value) });
    return [head, ...tsUrb, Tail.encode({ OutputBufferSize: value.outputBufferSize })];
  },
};

const OUT_RULE = {
  name: 'TRANSFER_OUT_REQUEST',
  spec: rdpeusb('2.2.6.8'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x106,
} as const;

/** [MS-RDPEUSB] 2.2.6.8: writes to the device. */
export interface TransferOutRequest extends MessageIds {
  readonly name: 'TRANSFER_OUT_REQUEST';
  readonly tsUrb: TsUrb;
  /** May be empty. */
  readonly outputBuffer: Uint8Array;
}

const OutHead = struct(OUT_RULE.name, { ...REQUEST_HEADER, CbTsUrb: 'u32' });

export const TransferOutRequest: MessageCodec<TransferOutRequest> = {
  ...OUT_RULE,
  decode(reader) {
    const head = OutHead.decode(reader);
    const ids = decodeRequestHeader(reader, OUT_RULE, head);
    const tsUrbReader = reader.sub(head.CbTsUrb, 'TsUrb');
    const outputBuffer = reader.take(Tail.decode(reader).OutputBufferSize, 'OutputBuffer');
    reader.end();
    return { name: OUT_RULE.name, ...ids, tsUrb: decodeTsUrb(tsUrbReader), outputBuffer };
  },
  encode(value) {
    const { outputBuffer } = value;
    const tsUrb = encodeTsUrb(value.tsUrb);
    const head = OutHead.encode({ CbTsUrb: byteLength(tsUrb), ...encodeRequestHeader(OUT_RULE, value) });
    return [head, ...tsUrb, Tail.encode({ OutputBufferSize: outputBuffer.byteLength }), outputBuffer];
  },
};
