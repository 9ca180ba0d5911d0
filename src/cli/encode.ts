import { Command } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { messageNamed } from '../../codecs/protocols.ts';
import { parseObject } from './dissectionRequest.ts';
import { assemble } from './dissector.ts';
import { oneLine } from './failure.ts';
import { eachLine, type Outcome } from './lines.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { printable } from './text.ts';

export function encodeCommand(context: ProgramContext = PROCESS): Command {
  return new Command('encode')
    .description('put messages together: what urbdrc decode --json printed, back to hex')
    .argument('[json...]', 'objects {"name","value"}; standard input line by line where none is given')
    .addHelpText(
      'after',
      `
Each line gives one line of output, an empty one (and a line on standard error) where it could not be encoded; then the
exit status is 1. Sizes and counts are computed.

Examples:
  urbdrc decode --json < messages.txt | urbdrc encode
  urbdrc encode '{"name":"CANCEL_REQUEST","value":{"interfaceId":5,"messageId":0,"requestId":33}}'`,
    )
    .action((json: readonly string[]) => eachLine(json, context, (line) => encodeLine(line, context)));
}

function encodeLine(line: string, { stderr }: ProgramContext): Outcome {
  try {
    const { name, value } = parseMessage(parseObject(line));
    return { output: toHex(joinParts(assemble(name, value))), failed: false };
  } catch (error) {
    stderr.write(`urbdrc: ${printable(oneLine(error))}\n`);
    return { output: '', failed: true };
  }
}

/** `{"name","value"}`, or the value alone with its name inside. @throws UsageError */
function parseMessage(line: Readonly<Record<string, unknown>>): { readonly name: string; readonly value: object } {
  const { name, value = line, error } = line;
  if (error !== undefined) throw new UsageError(`this is no message but an error: ${JSON.stringify(error)}`);
  if (typeof value !== 'object' || value === null) throw new UsageError(`${String(name)}: the object has no "value"`);
  // A test vector has the message's name in its value, and beside it what the case is about.
  const inner = 'name' in value && typeof value.name === 'string' ? value.name : undefined;
  const found =
    [name, inner].find((each) => typeof each === 'string' && messageNamed(each) !== undefined) ?? name ?? inner;
  if (typeof found !== 'string') throw new UsageError('the object has no "name"');
  return { name: found, value };
}
