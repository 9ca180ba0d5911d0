import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { ioControlCodeName, InternalIoControlCode, IoControlCode } from '../../../codecs/urbdrc/ioControl.ts';
import { type UrbFunctionName, urbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Requirement } from '../suite.ts';
import { need } from '../verdict.ts';
import type { FromServer } from './scriptedDevice.ts';
import type { ServerGrading } from './serverGrading.ts';

/** URB functions that the public test suite of the protocol family sends to clients. */
const FUNCTIONS: readonly UrbFunctionName[] = [
  'URB_FUNCTION_GET_DESCRIPTOR_FROM_DEVICE',
  'URB_FUNCTION_SELECT_CONFIGURATION',
  'URB_FUNCTION_SELECT_INTERFACE',
  'URB_FUNCTION_SYNC_RESET_PIPE',
  'URB_FUNCTION_ABORT_PIPE',
  'URB_FUNCTION_GET_CURRENT_FRAME_NUMBER',
  'URB_FUNCTION_GET_STATUS_FROM_DEVICE',
  'URB_FUNCTION_GET_STATUS_FROM_INTERFACE',
  'URB_FUNCTION_GET_STATUS_FROM_ENDPOINT',
  'URB_FUNCTION_GET_CONFIGURATION',
  'URB_FUNCTION_GET_INTERFACE',
  'URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR',
  'URB_FUNCTION_VENDOR_DEVICE',
  'URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER',
];
const CONTROL_CODES: readonly number[] = [...Object.values(IoControlCode), ...Object.values(InternalIoControlCode)];
const OTHERS = ['CANCEL_REQUEST', 'QUERY_DEVICE_TEXT', 'REGISTER_REQUEST_CALLBACK'] as const;

const repertoire: Requirement<ServerGrading> = {
  id: 'S22',
  title: 'can send every message that the tests of clients need',
  sections: [rdpeusb('2.2.6'), rdpeusb('2.2.9'), rdpeusb('2.2.12')],
  severity: 'SHOULD',
  async run(grading) {
    const { device } = await grading.exercised();
    if (grading.settings.program !== undefined) {
      const program = await grading.program('QUERY_DEVICE_TEXT');
      await grading.told(program.deviceText(), 'QUERY_DEVICE_TEXT');
    }
    const seen = new Set(device.received.map(wordFor));
    const wanted = [...FUNCTIONS, ...CONTROL_CODES.map(ioControlCodeName), ...OTHERS];
    const missing = wanted.filter((word) => !seen.has(word));
    // A server that does not send these by itself may still be able to.
    need(missing.length === 0, `the server was not made to send ${missing.join(', ')}`);
  },
};

/** The name of a kind of request. */
function wordFor({ message }: FromServer): string {
  if ('tsUrb' in message) return urbFunctionName(message.tsUrb.urbFunction);
  return 'ioControlCode' in message ? ioControlCodeName(message.ioControlCode) : message.name;
}

export const REPERTOIRE_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [repertoire];
