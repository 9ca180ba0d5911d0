import { once } from 'node:events';
import { UsbmonEvent, UsbmonPacket, UsbmonTransferType } from '../../codecs/capture/usbmon.ts';
import { UsageError } from '../../codecs/core/errors.ts';
import { toJson } from '../../codecs/core/json.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { readUsbCapture, type UsbCaptureRecord } from '../capture/readUsbCapture.ts';
import { asObject, describeError } from './dissectionText.ts';
import { Failure, oneLine } from './failure.ts';
import type { Outcome } from './lines.ts';
import type { ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

const DIRECTION_IN = 0x80;
const TYPES: ReadonlyMap<number, string> = new Map([
  [UsbmonTransferType.ISOCHRONOUS, 'isochronous'],
  [UsbmonTransferType.INTERRUPT, 'interrupt'],
  [UsbmonTransferType.CONTROL, 'control'],
  [UsbmonTransferType.BULK, 'bulk'],
]);
const EVENTS: ReadonlyMap<number, string> = new Map([
  [UsbmonEvent.SUBMISSION, 'submitted'],
  [UsbmonEvent.CALLBACK, 'ended'],
  [UsbmonEvent.SUBMISSION_ERROR, 'refused'],
]);

/**
 * Prints a line for each packet of a recording of USB traffic: its number, the time since the first, bus, device and
 * endpoint, what happened, and what else usbmon says.
 * @throws Failure when any of them could not be decoded, or the file is something else
 */
export async function decodeUsbCapture(
  path: string,
  input: AsyncIterable<Uint8Array>,
  json: boolean,
  { stdout }: ProgramContext,
): Promise<void> {
  const lines = new PacketLines(json);
  let count = 0;
  let failures = 0;
  try {
    for await (const record of readUsbCapture(input)) {
      const { output, failed } = lines.next(record);
      count += 1;
      if (failed) failures += 1;
      if (!stdout.write(`${output}\n`)) await once(stdout, 'drain');
    }
  } catch (error) {
    throw error instanceof UsageError ? new Failure(`${path}: ${error.message}`) : error;
  }
  if (failures > 0) throw new Failure(`${failures} of ${count} packets failed`);
}

class PacketLines {
  readonly #json: boolean;
  #count = 0;
  #started: number | undefined;

  constructor(json: boolean) {
    this.#json = json;
  }

  next({ bytes, comment }: UsbCaptureRecord): Outcome {
    this.#count += 1;
    try {
      const packet = UsbmonPacket.decode(new Reader(bytes, UsbmonPacket.name, UsbmonPacket.spec));
      this.#started ??= packet.time;
      const t = (packet.time - this.#started) / 1000;
      const output = this.#json
        ? packetObject(this.#count, t, packet, comment)
        : packetText(this.#count, t, packet, comment);
      return { output, failed: false };
    } catch (error) {
      const output = this.#json
        ? jsonLine({ packet: this.#count, error: describeError(error) })
        : printable(`${this.#count} error: ${oneLine(error)}`);
      return { output, failed: true };
    }
  }
}

function packetObject(number: number, t: number, packet: UsbmonPacket, comment: string | undefined): string {
  const { name, spec } = UsbmonPacket;
  return jsonLine({
    packet: number,
    t,
    ...(comment === undefined ? {} : { comment }),
    ...asObject({ name, spec, value: packet }),
  });
}

function packetText(number: number, t: number, packet: UsbmonPacket, comment: string | undefined): string {
  const { busNumber, deviceNumber, endpointAddress, transferType, event, setup, status, length, data } = packet;
  const isIn = (endpointAddress & DIRECTION_IN) !== 0;
  const words = [
    `${number} +${t.toFixed(3)} ms ${busNumber}.${deviceNumber}.${endpointAddress & 0x0f}`,
    TYPES.get(transferType) ?? `transferType ${transferType}`,
    isIn ? 'in' : 'out',
    EVENTS.get(event) ?? `event ${event}`,
    `id=${packet.id}`,
    ...(event === UsbmonEvent.SUBMISSION ? [] : [`status=${status}`]),
    `length=${length}`,
    ...(setup === undefined ? [] : [`setup=${jsonLine(toJson(setup))}`]),
    ...(packet.isochronousPackets.length === 0
      ? []
      : [`startFrame=${packet.startFrame}`, `isochronousPackets=${jsonLine(toJson(packet.isochronousPackets))}`]),
    ...(data.byteLength === 0 ? [] : [`data=${String(toJson(data))}`]),
    ...(comment === undefined ? [] : [`comment=${JSON.stringify(comment)}`]),
  ];
  return printable(words.join(' '));
}
