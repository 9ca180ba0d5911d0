import { Command } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { parseObject } from './dissectionRequest.ts';
import { assemble } from './dissector.ts';
import { oneLine } from './failure.ts';
import { eachLine } from './lines.ts';

export function encodeCommand(): Command {
  return new Command('encode')
    .description('put messages together: what urbdrc decode --json printed, back to hex')
    .argument('[json...]', 'objects {"name","value"}; standard input line by line where none is given')
    .addHelpText(
      'after',
      `
The exit status is 1 when any line could not be encoded; such a line gives an empty line of output.

Examples:
  urbdrc decode --json < messages.txt | urbdrc encode
  urbdrc encode '{"name":"CANCEL_REQUEST","value":{"interfaceId":5,"messageId":0,"requestId":33}}'`,
    )
    .action(async (json: readonly string[]) => {
      await eachLine(json, (line) => {
        try {
          process.stdout.write(`${encodeLine(line)}\n`);
          return true;
        } catch (error) {
          process.stdout.write('\n');
          process.stderr.write(`urbdrc: ${oneLine(error)}\n`);
          return false;
        }
      });
    });
}

function encodeLine(line: string): string {
  const { name, value } = parseObject(line);
  if (typeof name !== 'string') throw new UsageError('the object has no "name"');
  if (typeof value !== 'object' || value === null) throw new UsageError(`${name}: the object has no "value"`);
  return toHex(joinParts(assemble(name, value)));
}
