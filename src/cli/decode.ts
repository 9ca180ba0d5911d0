import { createReadStream } from 'node:fs';
import { Command, Option } from 'commander';
import { fromHex } from '../../codecs/core/json.ts';
import { protocolNamed } from '../../codecs/protocols.ts';
import { isText } from '../capture/otherFormats.ts';
import { decodeCapture } from './decodeCapture.ts';
import { decodeUsbCapture } from './decodeUsbCapture.ts';
import { bareDigits, type DissectionDefaults, LAYERS, isSender, parseContext, parseLine } from './dissectionRequest.ts';
import { asObject, asText, describeError } from './dissectionText.ts';
import { dissect } from './dissector.ts';
import { Failure, oneLine } from './failure.ts';
import { eachLine, type Outcome } from './lines.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

interface DecodeOptions {
  readonly layer: string;
  readonly from?: string;
  readonly context?: string;
  readonly json?: boolean;
  readonly lenient?: boolean;
  readonly capture?: string;
}

export function decodeCommand(programContext: ProgramContext = PROCESS): Command {
  return new Command('decode')
    .description('take messages apart: what they are and what every field says')
    .argument('[hex...]', 'messages as hex digits; standard input line by line where none is given')
    .addOption(new Option('--layer <layer>', 'what the bytes are').choices(LAYERS).default('urbdrc'))
    .addOption(
      new Option('--from <peer>', 'who sent them; both are tried where it is not said').choices(['client', 'server']),
    )
    .option('--context <what>', 'what a result or completion belongs to, see below')
    .option('--json', 'one JSON object a line: {"name","spec","value"}, or {"error"}')
    .option('--lenient', 'accept what a session would accept: bytes after the last field, known quirks')
    .addOption(
      new Option(
        '--capture <file>',
        'every message, or USB transfer, that --capture recorded; also .pcap of usbmon',
      ).conflicts(['from', 'context']),
    )
    .addHelpText(
      'after',
      `
A line of standard input is hex digits, or {"layer","from","hex","context"}; what it leaves out comes from the options.
Each line gives one line of output. The exit status is 1 when any could not be decoded.

The context is what a result or completion belongs to: the name (or code) of the URB function that it answers, the id of
the interface that was registered for completions, or {"urbFunction","requestCompletion"}. It may also name the message
or structure that the bytes are: CHANNEL_DEF, USB_DEVICE_CAPABILITIES, SetupPacket, DEVICE_DESCRIPTOR and so on, as
docs/spec-coverage.md lists them. The layer rdp needs such a name; usb without one is a row of descriptors.
For a reply of USB/IP it is in, out or {"direction","isochronous"}: the transfer that was submitted. For usbredir it
is a number or {"capabilities"}: those that both ends have; without it the lengths tell the layout.

Examples:
  urbdrc decode 05000040000000000001000021000000
  urbdrc decode --layer dvc --json 100755524244524300
  urbdrc decode --layer ts-urb-result --context GET_CURRENT_FRAME_NUMBER 0c0000000000000045230100
  urbdrc decode --layer usb 0705810308000a
  urbdrc decode --layer rdp --context X224_CONNECTION_REQUEST 0ee00000000000010008000b000000
  urbdrc decode --from client --context 16 --json < messages.txt
  urbdrc decode --capture session.jsonl
  urbdrc decode --capture traffic.pcapng
  echo '{"layer":"ts-urb","hex":"0800070001000000"}' | urbdrc decode`,
    )
    .action((hex: readonly string[], options: DecodeOptions) => decode(hex, options, programContext));
}

async function decode(hex: readonly string[], options: DecodeOptions, programContext: ProgramContext): Promise<void> {
  const { layer, from, context, json = false, lenient = false, capture } = options;
  if (capture !== undefined) {
    if (hex.length > 0) throw new Failure('give either messages or --capture FILE', 2);
    const { isOfMessages, input } = await openRecording(capture);
    if (isOfMessages) await decodeCapture(input, { json, lenient }, programContext);
    else await decodeUsbCapture(capture, input, json, programContext);
    return;
  }
  const protocol = protocolNamed(layer);
  if (protocol === undefined) throw new Failure(`--layer ${layer}: use one of ${LAYERS.join(', ')}`, 2);
  // Wrong for all lines alike.
  parseContext(context, protocol);
  const defaults = { protocol, from: isSender(from) ? from : undefined, context, lenient };
  await eachLine(hex, programContext, (line) => decodeLine(line, defaults, json));
}

/** The file's bytes, and whether they are a capture of messages. It may be a pipe, so it is read only once. */
async function openRecording(path: string) {
  const chunks = bytesOf(path);
  const first = await chunks.next();
  const start = first.done === true ? new Uint8Array(0) : first.value;
  async function* input(): AsyncGenerator<Uint8Array> {
    yield start;
    yield* chunks;
  }
  return { isOfMessages: !/\.(pcap|pcapng|cap)$/.test(path) && isText(start), input: input() };
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) yield chunk;
}

function decodeLine(line: string, defaults: DissectionDefaults, json: boolean): Outcome {
  try {
    const { hex, protocol, facts, message, lenient } = parseLine(line, defaults);
    const dissection = dissect(fromHex(bareDigits(hex)), protocol, facts, message, { lenient });
    return { output: json ? jsonLine(asObject(dissection)) : asText(dissection), failed: false };
  } catch (error) {
    const output = json ? jsonLine({ error: describeError(error) }) : printable(`error: ${oneLine(error)}`);
    return { output, failed: true };
  }
}
