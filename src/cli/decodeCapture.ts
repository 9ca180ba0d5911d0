import { once } from 'node:events';
import { Readable } from 'node:stream';
import { URBDRC_PROTOCOL } from '../../codecs/urbdrc/urbdrcProtocol.ts';
import { CaptureContext } from '../capture/captureContext.ts';
import {
  type CapturedEvent,
  type CapturedMessage,
  type CaptureHeader,
  parseCaptureLine,
} from '../capture/captureLine.ts';
import { asObject, asText, describeError } from './dissectionText.ts';
import { dissect } from './dissector.ts';
import { Failure, oneLine } from './failure.ts';
import { linesOf, type Outcome } from './lines.ts';
import type { ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

interface Format {
  readonly json: boolean;
  readonly lenient: boolean;
}

/**
 * Prints a line for each line of a capture that is not blank: its number, time, direction and channel, and what it says.
 * @throws Failure when any of them could not be decoded
 */
export async function decodeCapture(
  input: AsyncIterable<Uint8Array>,
  format: Format,
  { stdout }: ProgramContext,
): Promise<void> {
  const context = new CaptureContext();
  let number = 0;
  let count = 0;
  let failures = 0;
  for await (const text of linesOf(Readable.from(input, { objectMode: false }))) {
    number += 1;
    if (text.trim() === '') continue;
    const { output, failed } = decodeLine(text, number, context, format);
    count += 1;
    if (failed) failures += 1;
    if (!stdout.write(`${output}\n`)) await once(stdout, 'drain');
  }
  if (failures > 0) throw new Failure(`${failures} of ${count} lines failed`);
}

function decodeLine(text: string, number: number, context: CaptureContext, format: Format): Outcome {
  try {
    const line = parseCaptureLine(text);
    const known = context.next(line);
    if (line.type !== 'message') {
      return { output: format.json ? eventObject(number, line) : eventText(number, line), failed: false };
    }
    try {
      const from = line.dir === 'c2s' ? 'client' : 'server';
      const dissection = dissect(line.bytes, URBDRC_PROTOCOL, { ...known, from }, undefined, {
        lenient: format.lenient,
      });
      const output = format.json
        ? jsonLine({ ...placeOf(number, line), ...asObject(dissection) })
        : `${placeText(number, line)} ${asText(dissection)}`;
      return { output, failed: false };
    } catch (error) {
      const output = format.json
        ? jsonLine({ ...placeOf(number, line), error: describeError(error) })
        : printable(`${placeText(number, line)} error: ${oneLine(error)}`);
      return { output, failed: true };
    }
  } catch (error) {
    const output = format.json
      ? jsonLine({ line: number, error: describeError(error) })
      : printable(`${number} error: ${oneLine(error)}`);
    return { output, failed: true };
  }
}

function placeOf(number: number, { connection, t, dir, channel }: CapturedMessage | CapturedEvent) {
  return { line: number, ...(connection === 1 ? {} : { connection }), t, dir, channel };
}

function placeText(number: number, { connection, t, dir, channel }: CapturedMessage | CapturedEvent): string {
  const place = [`+${t.toFixed(3)} ms`, dir, channel === undefined ? undefined : `channel ${channel}`];
  const from = connection === 1 ? [] : [`connection ${connection}`];
  return [String(number), ...from, ...place].filter((part) => part !== undefined).join(' ');
}

function eventObject(number: number, line: CaptureHeader | CapturedEvent): string {
  if (line.type === 'header') {
    const { peer, role, program, started, connection } = line;
    return jsonLine({ line: number, ...(connection === 1 ? {} : { connection }), peer, role, program, started });
  }
  return jsonLine({ ...placeOf(number, line), event: line.event, status: line.status });
}

function eventText(number: number, line: CaptureHeader | CapturedEvent): string {
  if (line.type === 'header') {
    const from = line.connection === 1 ? '' : `connection ${line.connection} `;
    const recorder = [line.role, line.program, line.started].filter((part) => part !== undefined).join(', ');
    return printable(`${number} ${from}with ${line.peer}${recorder === '' ? '' : `, recorded by the ${recorder}`}`);
  }
  const status = line.status === undefined ? '' : ` status ${line.status}`;
  return printable(`${placeText(number, line)} ${line.event}${status}`);
}
