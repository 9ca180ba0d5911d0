import type { SpecRef } from '../../core/errors.ts';
import { encodeUnchecked } from '../../core/message.ts';
import {
  checkName,
  checkOwnName,
  type DecodeContext,
  messageOf,
  named,
  type Protocol,
  type ProtocolMessage,
} from '../../core/protocol.ts';
import { Reader, type ReaderOptions } from '../../core/reader.ts';
import { URB_FUNCTIONS } from '../tsUrb/urbFunction.ts';
import { InterfaceInformationResult, PipeInformationResult } from './interfaceResult.ts';
import { decodeTsUrbResult, encodeTsUrbResult, TS_URB_RESULT_SPECS } from './tsUrbResult.ts';

const messages: readonly ProtocolMessage[] = [
  ...Object.entries(TS_URB_RESULT_SPECS).map(([name, spec]) => resultRow(name, spec)),
  messageOf(InterfaceInformationResult, 'client'),
  messageOf(PipeInformationResult, 'client'),
];

/** The structures that completions carry, [MS-RDPEUSB] 2.2.10. Their layout depends on the request. */
export const TS_URB_RESULT_PROTOCOL: Protocol = {
  name: 'ts-urb-result',
  title: 'TS_URB_RESULT structures',
  summary: 'What URB_COMPLETION and URB_COMPLETION_NO_DATA carry, and structures in them.',
  messages,
  byteProperties: new Set(['unparsed']),
  isDirected: false,
  decode: (bytes, context, options) => named(messages, decodeResult(bytes, context, options)),
};

/** Without a function in the context it is that of the structure. */
function resultRow(name: string, spec: SpecRef): ProtocolMessage {
  const ownFunction = URB_FUNCTIONS.find(({ result }) => result === name)?.code;
  return {
    name,
    spec,
    from: 'client',
    decode(bytes, { urbFunction = ownFunction, failed }, options) {
      const value = decodeResult(bytes, { urbFunction, failed: failed ?? false }, options);
      checkName(bytes, name, spec, value);
      return value;
    },
    encode(value) {
      checkOwnName(name, value);
      return encodeUnchecked(name, encodeTsUrbResult, value);
    },
  };
}

function decodeResult(bytes: Uint8Array, { urbFunction, failed = false }: DecodeContext, options?: ReaderOptions) {
  return decodeTsUrbResult(
    new Reader(bytes, 'TsUrbResult', TS_URB_RESULT_SPECS.TS_URB_RESULT_HEADER, options),
    urbFunction,
    failed,
  );
}
