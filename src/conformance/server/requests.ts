import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { TransferFlags, urbFunctionInfo, urbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual } from '../verdict.ts';
import type { Transfer } from './deviceAnswers.ts';
import type { ServerGrading } from './serverGrading.ts';
import { type FromServer, USB_DEVICE } from './scriptedDevice.ts';

const PROXY_MASK = 1;
/** Sent to other interfaces than the device's. */
const OTHER_INTERFACES: ReadonlySet<string> = new Set([
  'RIMCALL_RELEASE',
  'RIMCALL_QUERYINTERFACE',
  'QI_RSP',
  'RIM_EXCHANGE_CAPABILITY_REQUEST',
  'CHANNEL_CREATED',
]);
const REQUESTS: ReadonlySet<string> = new Set([
  'IO_CONTROL',
  'INTERNAL_IO_CONTROL',
  'TRANSFER_IN_REQUEST',
  'TRANSFER_OUT_REQUEST',
]);

const registration: Requirement<ServerGrading> = {
  id: 'S08',
  title: 'sends REGISTER_REQUEST_CALLBACK once, with an interface, before it requests anything',
  sections: [rdpeusb('3.2.5.3.2')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    await device.idle(grading.quiet);
    const names = device.received.map(({ message }) => message.name);
    const first = names.findIndex((name) => REQUESTS.has(name));
    const registered = names.indexOf('REGISTER_REQUEST_CALLBACK');
    check(first < 0 || registered < first, `${names[first]} came before REGISTER_REQUEST_CALLBACK`);
    const starts = device.received.flatMap(({ message }) =>
      message.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion !== undefined ? [message] : [],
    );
    checkEqual(starts.length, 1, 'the number of REGISTER_REQUEST_CALLBACK that register an interface');
    checkEqual(starts[0]?.interfaceId, USB_DEVICE, 'InterfaceId of REGISTER_REQUEST_CALLBACK');
  },
};

const requestIds: Requirement<ServerGrading> = {
  id: 'S09',
  title: 'gives no request a RequestId that is in use, over all four kinds, nor more than 31 bits',
  sections: [rdpeusb('3.1.1')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.exercised();
    if (device.idProblem !== undefined) throw device.idProblem;
  },
};

const addressed: Requirement<ServerGrading> = {
  id: 'S10',
  title: 'addresses each message to the UsbDevice interface, with the mask of a proxy',
  sections: [rdpeusb('2.2.6'), rdpeusb('2.2.1')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.exercised();
    for (const { message, bytes } of device.received) {
      if (OTHER_INTERFACES.has(message.name)) continue;
      checkEqual(message.interfaceId, USB_DEVICE, `InterfaceId of ${message.name}`);
      checkEqual((bytes[3] ?? 0) >> 6, PROXY_MASK, `Mask of ${message.name}`);
    }
  },
};

const wrappers: Requirement<ServerGrading> = {
  id: 'S11',
  title: 'carries each URB in the message of its direction, and asks for no bytes where there are none',
  sections: [rdpeusb('2.2.9'), rdpeusb('2.2.6.7'), rdpeusb('2.2.6.8')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.exercised();
    for (const transfer of transfersOf(device.requests)) checkWrapper(transfer);
  },
};

function checkWrapper(transfer: Transfer): void {
  const { tsUrb } = transfer;
  const what = urbFunctionName(tsUrb.urbFunction);
  const info = urbFunctionInfo(tsUrb.urbFunction);
  check(info !== undefined, `${what} is no function of the protocol`);
  const isIn = info.carrier === 'flag' ? flagsIn(tsUrb) : info.carrier === 'in';
  checkEqual(transfer.name, isIn ? 'TRANSFER_IN_REQUEST' : 'TRANSFER_OUT_REQUEST', `the message of ${what}`);
  if (transfer.name === 'TRANSFER_IN_REQUEST' && WITHOUT_DATA.has(tsUrb.name)) {
    checkEqual(transfer.outputBufferSize, 0, `OutputBufferSize of ${what}`);
  }
}

/** Structures whose functions move no data. */
const WITHOUT_DATA: ReadonlySet<string> = new Set([
  'TS_URB_SELECT_CONFIGURATION',
  'TS_URB_SELECT_INTERFACE',
  'TS_URB_PIPE_REQUEST',
  'TS_URB_GET_CURRENT_FRAME_NUMBER',
  'TS_URB_CONTROL_FEATURE_REQUEST',
]);

function flagsIn(tsUrb: TsUrb): boolean {
  return 'transferFlags' in tsUrb && (tsUrb.transferFlags & TransferFlags.USBD_TRANSFER_DIRECTION_IN) !== 0;
}

const sizes: Requirement<ServerGrading> = {
  id: 'S12',
  title: 'gives each URB its exact sizes, and NoAck to none of a device without a jitter buffer',
  sections: [rdpeusb('2.2.9.1.1'), rdpeusb('2.2.11')],
  severity: 'MUST',
  async run(grading) {
    // A message of a wrong size could not be read, and has ended the exercise.
    const { device } = await grading.exercised();
    for (const { tsUrb } of transfersOf(device.requests)) {
      const noAck = tsUrb.noAck ? `${urbFunctionName(tsUrb.urbFunction)} ${tsUrb.requestId} has NoAck` : undefined;
      check(noAck === undefined, `${noAck}, and the device announced no jitter buffer`);
    }
  },
};

function transfersOf(requests: readonly FromServer[]): readonly Transfer[] {
  return requests.flatMap(({ message }) => ('tsUrb' in message ? [message] : []));
}

export const REQUEST_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [
  registration,
  requestIds,
  addressed,
  wrappers,
  sizes,
];
