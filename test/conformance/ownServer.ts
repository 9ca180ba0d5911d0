import { ServerGrading, type ServerProgram } from '../../src/conformance/server/serverGrading.ts';
import { SERVER_REQUIREMENTS } from '../../src/conformance/server/requirements.ts';
import { BULK_IN, BULK_OUT } from '../../src/conformance/server/loopbackDescriptors.ts';
import { textReport } from '../../src/conformance/report.ts';
import { grade, type Requirement, type Verdict } from '../../src/conformance/suite.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { RedirectedDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { tamper, type Tampering } from './tamper.ts';
import { TurnClock } from '../turnClock.ts';

/** A server to grade: our own engine, with a program above it and, for faulty ones, something done to what it says. */
export interface OwnServer {
  /** Nothing drives the device. */
  readonly withoutProgram?: boolean;
  readonly tampering?: () => Tampering;
}

const BUS_QUERIES = [
  'frameNumber',
  'busTime',
  'portStatus',
  'hubCount',
  'hubName',
  'controllerName',
  'busInformation',
] as const;

/** In turns of the event loop. */
const TIMES = { timeout: 400, quiet: 40 };

/** Grades our own server by one requirement. */
export async function gradeOwnServer(id: string, server: OwnServer = {}): Promise<Verdict> {
  const clock = new TurnClock();
  let added: Promise<Taken> = Promise.reject(new Error('no connection'));
  added.catch(() => {});
  const program = async () => {
    const own = new OwnProgram(await added);
    await own.configure();
    return own;
  };
  const grading = new ServerGrading({
    ...TIMES,
    clock,
    ...(server.withoutProgram !== true && { program }),
    connect: () => {
      const [inner, outer] = memoryPair();
      added = takenBy(inner, clock);
      return Promise.resolve(server.tampering === undefined ? outer : tamper(outer, 'server', server.tampering()));
    },
  });
  const result = await grade(serverRequirementOf(id), grading);
  if (process.env['CONFORMANCE_VERBOSE'] !== undefined)
    console.log(textReport({ graded: 'server', results: [result] }));
  return result.verdict;
}

interface Taken {
  readonly server: RedirectionServer;
  readonly device: RedirectedDevice;
}

/** The first device that our server offers. */
function takenBy(transport: Transport, clock: Clock): Promise<Taken> {
  return new Promise((resolve) => {
    const server = new RedirectionServer(transport, { clock });
    server.watch((device) => resolve({ server, device }));
  });
}

export function serverRequirementOf(id: string): Requirement<ServerGrading> {
  const requirement = SERVER_REQUIREMENTS.find((each) => each.id === id);
  if (requirement === undefined) throw new Error(`no requirement ${id}`);
  return requirement;
}

/** What uses the device on our server, through the port that every program has. */
class OwnProgram implements ServerProgram {
  readonly #server: RedirectionServer;
  readonly #device: RedirectedDevice;

  constructor({ server, device }: Taken) {
    this.#server = server;
    this.#device = device;
  }

  async configure(): Promise<void> {
    await this.#do({ type: 'setConfiguration', configurationValue: 1 });
  }

  exercise(): void {
    const control = (bmRequestType: number, bRequest: number, wIndex: number, wLength: number, wValue = 0) =>
      this.#start({
        type: 'control',
        setup: { bmRequestType, bRequest, wValue, wIndex, wLength },
        data: new Uint8Array((bmRequestType & 0x80) === 0 ? wLength : 0),
        timeout: 1000,
      });
    for (const [recipient, index] of [0, 0, BULK_IN].entries()) control(0x80 | recipient, 0, index, 2);
    control(0x80, 8, 0, 1);
    control(0x81, 10, 0, 1);
    control(0xc0, 0xd7, 0, 1);
    control(0x40, 0xd8, 0, 1);
    control(0x00, 3, 0, 0, 1);
    control(0x00, 1, 0, 0, 1);
    control(0x80, 6, 0x409, 255, 0x301);
    this.#readOsDescriptor();
    this.#start({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 });
    this.#start({ type: 'transferIn', endpointAddress: BULK_IN, length: 512 });
    this.#start({ type: 'transferOut', endpointAddress: BULK_OUT, data: new Uint8Array(100) });
    this.#start({
      type: 'isochronousOut',
      endpointAddress: BULK_OUT,
      data: new Uint8Array(16),
      packetLengths: [8, 8],
      startFrame: undefined,
      noAck: true,
    });
    this.#start({ type: 'transferIn', endpointAddress: BULK_IN, length: 512 }).cancel();
    this.#start({ type: 'transferIn', endpointAddress: BULK_IN, length: 512 });
    this.#start({ type: 'clearHalt', endpointAddress: BULK_OUT });
    this.#start({ type: 'resetEndpoint', endpointAddress: BULK_OUT });
    this.#start({ type: 'abortEndpoint', endpointAddress: BULK_IN });
    for (const query of BUS_QUERIES) this.#start({ type: 'queryBus', query });
    this.#start({ type: 'resetDevice' });
    this.#start({ type: 'cyclePort' });
  }

  async echo(data: Uint8Array): Promise<Uint8Array> {
    const read = this.#do({ type: 'transferIn', endpointAddress: BULK_IN, length: data.byteLength });
    const written = await this.#do({ type: 'transferOut', endpointAddress: BULK_OUT, data });
    if (written.status !== 'completed' || written.transferred !== data.byteLength) throw new Error(written.status);
    const result = await read;
    if (result.status !== 'completed') throw new Error(result.status);
    return result.data;
  }

  read() {
    let end: (succeeded: boolean) => void = () => {};
    const ended = new Promise<boolean>((resolve) => (end = resolve));
    const operation: UsbOperation = { type: 'transferIn', endpointAddress: BULK_IN, length: 64 };
    const transfer = this.#device.submit(operation, ({ status }) => end(status === 'completed'));
    return { cancel: () => transfer.cancel(), ended };
  }

  deviceText(): Promise<string> {
    return this.#device.queryDeviceText('description', 0x409);
  }

  retract(): void {
    this.#server.refuse(this.#device);
  }

  /** The string that tells the vendor code, then the descriptor that is read with it. */
  #readOsDescriptor(): void {
    const read = (bmRequestType: number, bRequest: number, wValue: number, wIndex: number, wLength: number) =>
      this.#do({
        type: 'control',
        setup: { bmRequestType, bRequest, wValue, wIndex, wLength },
        data: new Uint8Array(0),
        timeout: 1000,
      });
    void read(0x80, 6, 0x3ee, 0, 18).then(({ data }) => read(0xc0, data[16] ?? 0, 0, 4, 40));
  }

  #start(operation: UsbOperation) {
    return this.#device.submit(operation, () => {});
  }

  #do(operation: UsbOperation): Promise<UsbResult> {
    return new Promise((resolve) => this.#device.submit(operation, resolve));
  }
}
