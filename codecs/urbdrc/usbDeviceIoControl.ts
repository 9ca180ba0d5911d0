import {
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type Mask,
  type MessageCodec,
  type MessageIds,
  type MessageRule,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';

/** The fields of IO_CONTROL and INTERNAL_IO_CONTROL, which differ only in name and FunctionId. */
export interface IoControlFields extends MessageIds {
  /** See ioControl.ts. */
  readonly ioControlCode: number;
  /** Empty for every code that is defined. */
  readonly inputBuffer: Uint8Array;
  /** The most bytes that the completion may carry. */
  readonly outputBufferSize: number;
  /** Shares its number space with the transfers' ids, so keep it below 2^30. */
  readonly requestId: number;
}

/** [MS-RDPEUSB] 2.2.6.3: a request to the port or hub of the device. */
export interface IoControl extends IoControlFields {
  readonly name: 'IO_CONTROL';
}

/** [MS-RDPEUSB] 2.2.6.4: a request that is the protocol's own. */
export interface InternalIoControl extends IoControlFields {
  readonly name: 'INTERNAL_IO_CONTROL';
}

const Tail = struct('IO_CONTROL', { OutputBufferSize: 'u32', RequestId: 'u32' });

function ioControlCodec<const N extends string>(
  rule: MessageRule & { readonly name: N; readonly mask: Mask; readonly functionId: number },
): MessageCodec<IoControlFields & { readonly name: N }> {
  const Head = struct(rule.name, { ...REQUEST_HEADER, IoControlCode: 'u32', InputBufferSize: 'u32' });
  return messageCodec({
    ...rule,
    decode(reader) {
      const head = Head.decode(reader);
      checkRequestHeader(reader, rule, head);
      const inputBuffer = reader.take(head.InputBufferSize, 'InputBuffer');
      const tail = Tail.decode(reader);
      reader.end();
      return {
        name: rule.name,
        interfaceId: interfaceIdOf(head.InterfaceId),
        messageId: head.MessageId,
        ioControlCode: head.IoControlCode,
        inputBuffer,
        outputBufferSize: tail.OutputBufferSize,
        requestId: tail.RequestId,
      };
    },
    write(out, value) {
      const { inputBuffer } = value;
      Head.write(out, {
        InterfaceId: headerWord(rule.name, value.interfaceId, rule.mask),
        MessageId: value.messageId,
        FunctionId: rule.functionId,
        IoControlCode: value.ioControlCode,
        InputBufferSize: inputBuffer.byteLength,
      });
      out.append(inputBuffer);
      Tail.write(out, { OutputBufferSize: value.outputBufferSize, RequestId: value.requestId });
    },
  });
}

export const IoControl: MessageCodec<IoControl> = ioControlCodec({
  name: 'IO_CONTROL',
  spec: rdpeusb('2.2.6.3'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x102,
});

export const InternalIoControl: MessageCodec<InternalIoControl> = ioControlCodec({
  name: 'INTERNAL_IO_CONTROL',
  spec: rdpeusb('2.2.6.4'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x103,
});
