import { joinParts } from '../../../codecs/core/parts.ts';
import { CommandBlockWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import type { Schedule } from './schedule.ts';

const IN = 0x81;
const OUT = 0x02;
/** Milliseconds after which a host cancels a transfer. */
const PATIENCE = 100_000;

/** One command of a host, and what it does around it. */
export interface HostCommand {
  readonly lun: number;
  readonly direction: 'in' | 'out';
  /** Bytes of data. */
  readonly length: number;
  /** Bytes of one transfer of the data stage. */
  readonly piece: number;
  /** `recover`: Bulk-Only reset and cleared halts. */
  readonly afterFailure: 'recover' | 'reset';
  /** Before the command. */
  readonly before: 'nothing' | 'getMaxLun' | 'setInterface' | 'resetDevice' | 'setConfiguration';
}

type Outcome = string;
type Steps<R> = Generator<UsbOperation, R, UsbResult>;

const read = (length: number): UsbOperation => ({ type: 'transferIn', endpointAddress: IN, length });
const write = (data: Uint8Array): UsbOperation => ({ type: 'transferOut', endpointAddress: OUT, data });
const clearHalt = (endpointAddress: number): UsbOperation => ({ type: 'clearHalt', endpointAddress });
const control = (bmRequestType: number, bRequest: number, wLength: number): UsbOperation => ({
  type: 'control',
  setup: { bmRequestType, bRequest, wValue: 0, wIndex: 0, wLength },
  data: new Uint8Array(0),
  timeout: 0,
});

/** Runs commands on a device as usb-storage does, [USB MSC BOT 1.0] 5 and 6, and tells what came of each. */
export function* runCommands(commands: readonly HostCommand[]): Steps<Outcome[]> {
  const outcomes: Outcome[] = [];
  yield { type: 'setConfiguration', configurationValue: 1 };
  for (const [index, command] of commands.entries()) {
    yield* before(command);
    const outcome = yield* runCommand(command, index + 1);
    outcomes.push(outcome);
    if (outcome === 'unplugged') return outcomes;
    if (outcome === 'reset') yield* recover(command);
  }
  return outcomes;
}

function* before({ before: what }: HostCommand): Steps<void> {
  if (what === 'getMaxLun') yield control(0xa1, 0xfe, 1);
  if (what === 'setInterface') yield { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 };
  if (what === 'resetDevice') yield { type: 'resetDevice' };
  if (what === 'setConfiguration') yield { type: 'setConfiguration', configurationValue: 1 };
}

function* recover({ afterFailure }: HostCommand): Steps<void> {
  if (afterFailure === 'reset') {
    yield { type: 'resetDevice' };
    yield { type: 'setConfiguration', configurationValue: 1 };
    return;
  }
  yield control(0x21, 0xff, 0);
  yield clearHalt(IN);
  yield clearHalt(OUT);
}

function* runCommand(command: HostCommand, tag: number): Steps<Outcome> {
  const sent = yield write(commandBlock(command, tag));
  if (sent.status !== 'completed') return bad(sent);
  const moved = command.direction === 'in' ? yield* receive(command) : yield* send(command, tag);
  if (typeof moved === 'string') return moved;
  const early = moved.byteLength === 13 && moved[3] === 0x53 ? moved : undefined;
  let status = early === undefined ? yield read(13) : undefined;
  if (status?.status === 'stalled') {
    yield clearHalt(IN);
    status = yield read(13);
  }
  if (status !== undefined && (status.status !== 'completed' || status.data.byteLength !== 13)) return bad(status);
  const wrapper = Buffer.from(early ?? status?.data ?? moved).toString('hex');
  return `${wrapper} ${Buffer.from(moved).toString('base64').slice(0, 24)} ${moved.byteLength}`;
}

function* receive({ length, piece }: HostCommand): Steps<Uint8Array | Outcome> {
  const parts: Uint8Array[] = [];
  for (let got = 0; got < length;) {
    const asked = Math.min(piece, length - got);
    const { status, data } = yield read(asked);
    parts.push(data);
    got += data.byteLength;
    if (status === 'stalled') {
      yield clearHalt(IN);
      break;
    }
    if (status !== 'completed') return bad({ status });
    if (data.byteLength < asked) break;
  }
  return Buffer.concat(parts);
}

function* send({ length, piece }: HostCommand, tag: number): Steps<Uint8Array | Outcome> {
  for (let given = 0; given < length; given += piece) {
    // Some of it looks like a command.
    const data = new Uint8Array(Math.min(piece, length - given)).fill(tag);
    if (data.byteLength === 31) data.set([0x55, 0x53, 0x42, 0x43]);
    const { status } = yield write(data);
    if (status === 'stalled') {
      yield clearHalt(OUT);
      break;
    }
    if (status !== 'completed') return bad({ status });
  }
  return new Uint8Array(0);
}

const bad = ({ status }: Pick<UsbResult, 'status'>): Outcome => (status === 'disconnected' ? 'unplugged' : 'reset');

function commandBlock({ lun, direction, length }: HostCommand, tag: number): Uint8Array {
  return joinParts(
    CommandBlockWrapper.encode({
      name: 'CBW',
      dCBWTag: tag,
      dCBWDataTransferLength: length,
      bmCBWFlags: direction === 'in' ? 0x80 : 0,
      bCBWLUN: lun,
      bCBWCBLength: 10,
      CBWCB: new Uint8Array(10),
    }),
  );
}

/** Performs `steps` on `device`, one operation after the other, each cancelled when it takes too long. */
export function follow<R>(steps: Steps<R>, device: UsbDevice, schedule: Schedule, done: (result: R) => void): void {
  const next = (result?: UsbResult): void => {
    const step = result === undefined ? steps.next(INITIAL) : steps.next(result);
    if (step.done === true) {
      done(step.value);
      return;
    }
    const submission = { isOver: false };
    let stop = (): void => {};
    const operation = step.value;
    const transfer = device.submit(operation, (ended) => {
      if (submission.isOver) throw new Error('completed twice');
      submission.isOver = true;
      stop();
      // The memory of a write is its host's again.
      if (operation.type === 'transferOut' && ended.status === 'completed') operation.data.fill(0xdb);
      // Hosts go on in a turn of their own.
      schedule.after(0, () => next(ended));
    });
    if (!submission.isOver) stop = schedule.after(PATIENCE, () => transfer.cancel());
  };
  schedule.after(0, () => next());
}

const INITIAL: UsbResult = { status: 'completed', data: new Uint8Array(0), transferred: 0 };
