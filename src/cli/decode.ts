import { Command, Option } from 'commander';
import { DecodeError, formatSpec } from '../../codecs/core/errors.ts';
import { fromHex, toJson } from '../../codecs/core/json.ts';
import { isLayer, isSender, parseContext, parseLine, type DissectionRequest } from './dissectionRequest.ts';
import { dissect, type Dissection, LAYERS } from './dissector.ts';
import { Failure, oneLine } from './failure.ts';
import { eachLine } from './lines.ts';

interface DecodeOptions {
  readonly layer: string;
  readonly from?: string;
  readonly context?: string;
  readonly json?: boolean;
  readonly lenient?: boolean;
}

export function decodeCommand(): Command {
  return new Command('decode')
    .description('take messages apart: what they are and what every field says')
    .argument('[hex...]', 'messages as hex digits; standard input line by line where none is given')
    .addOption(new Option('--layer <layer>', 'what the bytes are').choices(LAYERS).default('urbdrc'))
    .addOption(
      new Option('--from <peer>', 'who sent them; both are tried where it is not said').choices(['client', 'server']),
    )
    .option(
      '--context <what>',
      'what a result or completion belongs to: a URB function, or the completion interface id',
    )
    .option('--json', 'one JSON object a line: {"name","spec","value"} or {"error"}')
    .option('--lenient', 'accept what a session would accept: bytes behind the last field, known quirks')
    .addHelpText(
      'after',
      `
A line of standard input is hex digits, or {"layer","from","hex","context"}; what it leaves out comes from the options.
CONTEXT is the name or code of a URB function, a completion interface id, or {"urbFunction","requestCompletion"}.
The exit status is 1 when any line could not be decoded.

Examples:
  urbdrc decode 00000000000000000001000001000000
  urbdrc decode --from client --context URB_FUNCTION_SELECT_CONFIGURATION < completions.txt
  urbdrc decode --layer dvc --json 1007555242445243 00
  echo '{"layer":"ts-urb","hex":"10000900020000000200ffff03000000"}' | urbdrc decode --json`,
    )
    .action(decode);
}

async function decode(hex: readonly string[], options: DecodeOptions): Promise<void> {
  const { layer, from } = options;
  if (!isLayer(layer)) throw new Failure(`--layer ${layer}: use one of ${LAYERS.join(', ')}`, 2);
  const defaults: Omit<DissectionRequest, 'hex'> = {
    layer,
    from: from !== undefined && isSender(from) ? from : undefined,
    context: options.context === undefined ? {} : parseContext(options.context),
  };
  await eachLine(hex, (line) => print(line, defaults, options));
}

/** Decodes and prints one line; false when that failed. */
function print(line: string, defaults: Omit<DissectionRequest, 'hex'>, options: DecodeOptions): boolean {
  const json = options.json ?? false;
  try {
    const request = parseLine(line, defaults);
    const lenient = options.lenient ?? false;
    const dissection = dissect(fromHex(request.hex), request.layer, request.from, request.context, { lenient });
    process.stdout.write(`${json ? asJson(dissection) : asText(dissection)}\n`);
    return true;
  } catch (error) {
    if (json) process.stdout.write(`${JSON.stringify({ error: describeError(error) })}\n`);
    else process.stdout.write(`error: ${oneLine(error)}\n`);
    return false;
  }
}

function asJson({ name, spec, value }: Dissection): string {
  return JSON.stringify({ name, spec: `${spec.document} ${spec.section}`, value: toJson(value) });
}

function asText({ name, spec, value }: Dissection): string {
  const fields = Object.entries(value).map(([field, content]) => `${field}=${fieldText(toJson(content))}`);
  return [name, formatSpec(spec), ...fields].join(' ');
}

function fieldText(content: unknown): string {
  return typeof content === 'string' && /^[\w{}\\&.-]+$/.test(content) ? content : JSON.stringify(content);
}

function describeError(error: unknown) {
  if (error instanceof DecodeError) {
    const { code, offset, path, message, spec } = error;
    return { code, offset, path, message, spec: `${spec.document} ${spec.section}` };
  }
  return { code: 'BAD_INPUT', offset: 0, path: [], message: oneLine(error) };
}
