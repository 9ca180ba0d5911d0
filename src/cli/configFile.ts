import { type Command, Option } from 'commander';
import type { AST } from 'toml-eslint-parser';
import { Failure, oneLine } from './failure.ts';
import { readSecretText } from './files.ts';
import { RepeatableOption } from './repeatableOption.ts';

/** `--config`. */
export function configOption(): Option {
  return new Option('--config <file>', 'read options from this TOML file; those of the command line come first');
}

/** The options that a file of `--config` may have, by their keys: the long names of the command's options. */
export function configKeys(command: Command): ReadonlyMap<string, Option> {
  const options = command.options.filter(({ hidden, long }) => !hidden && long !== undefined && long !== '--config');
  return new Map(options.map((option) => [option.name(), option]));
}

/**
 * The arguments of the program with those that the file of `--config` adds. An option that the command line has, too,
 * is taken from there; of one that can be given several times the file's values follow. `program` is parsed with, and
 * must not be used after that.
 * @throws Failure that tells the line of the file and what to do
 */
export async function withConfigFile(
  args: readonly string[],
  program: Command,
  say: (line: string) => void,
): Promise<readonly string[]> {
  const [name, ...rest] = args;
  const command = program.commands.find((each) => each.name() === name);
  if (command?.options.some(({ long }) => long === '--config') !== true) return args;
  if (!rest.some((each) => each.startsWith('--config'))) return args;
  command.parseOptions(rest);
  const file: unknown = command.getOptionValue('config');
  if (typeof file !== 'string') return args;
  const added: string[] = [];
  for (const { option, values } of await readConfigFile(file, command, say)) {
    const isGiven = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (isGiven && !(option instanceof RepeatableOption)) continue;
    added.push(...values);
  }
  return [...args, ...added];
}

/** One key of the file, as arguments of the command line. */
interface ConfigEntry {
  readonly option: Option;
  readonly values: readonly string[];
}

async function readConfigFile(file: string, command: Command, say: (line: string) => void): Promise<ConfigEntry[]> {
  // Loaded here: most commands have no such file.
  const { parseTOML } = await import('toml-eslint-parser');
  const text = await readSecretText(file, () => {});
  let lines: AST.TOMLTopLevelTable['body'];
  try {
    lines = parseTOML(text).body[0].body;
  } catch (error) {
    const line = error instanceof Error && 'lineNumber' in error ? `:${String(error.lineNumber)}` : '';
    throw new Failure(`${file}${line}: this is not TOML: ${oneLine(error)}`, 2);
  }
  const entries = lines.map((line) => readLine(line, file, command));
  // Asked again, because now it is known to have one.
  if (entries.some(({ option }) => option.name() === 'token')) await readSecretText(file, say);
  return entries;
}

function readLine(line: AST.TOMLKeyValue | AST.TOMLTable, file: string, command: Command): ConfigEntry {
  const place = `${file}:${line.loc.start.line}`;
  const wrong = (problem: string) => new Failure(`${place}: ${problem}`, 2);
  if (line.type === 'TOMLTable') throw wrong('there are no sections here: write the options as KEY = VALUE');
  const key = line.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value)).join('.');
  const option = configKeys(command).get(key);
  if (option === undefined) {
    throw wrong(`${key} is no option of urbdrc ${command.name()}: urbdrc ${command.name()} --help lists them`);
  }
  const { value } = line;
  if (!option.required) {
    if (value.type === 'TOMLValue' && value.kind === 'boolean') {
      return { option, values: value.value ? [`--${key}`] : [] };
    }
    throw wrong(`${key} is on or off: write ${key} = true, or remove it`);
  }
  const isList = option instanceof RepeatableOption && value.type === 'TOMLArray';
  const values = (isList ? value.elements : [value]).map((each) => {
    const text = textOf(each);
    if (text !== undefined) return text;
    const several = option instanceof RepeatableOption ? `, or several: ${key} = ["...", "..."]` : '';
    throw wrong(`${key} has a value in quotes: write ${key} = "..."${several}`);
  });
  for (const each of values) checkValue(option, each, (problem) => wrong(`${key} = "${each}": ${problem}`));
  return { option, values: values.map((each) => `--${key}=${each}`) };
}

/** Of a text or a whole number. */
function textOf(value: AST.TOMLContentNode): string | undefined {
  if (value.type !== 'TOMLValue') return undefined;
  return value.kind === 'string' || value.kind === 'integer' ? String(value.value) : undefined;
}

/** Has the option's own parser look at the value, so that the complaint has the line. */
function checkValue({ parseArg }: Option, value: string, wrong: (problem: string) => Failure): void {
  try {
    const parse: ((value: string, previous: undefined) => unknown) | undefined = parseArg;
    parse?.(value, undefined);
  } catch (error) {
    throw wrong(oneLine(error));
  }
}

/** JSON Schema (draft 7) of the file that `--config` reads, for editors. */
export function configSchema(command: Command): object {
  const properties = [...configKeys(command)].map(([key, option]) => [key, schemaOf(option)] as const);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `urbdrc ${command.name()} --config`,
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

function schemaOf(option: Option): object {
  const { description } = option;
  if (!option.required) return { description, type: 'boolean' };
  const isRepeatable = option instanceof RepeatableOption;
  // Those of a repeatable option are not all that it takes.
  const isClosed = option.argChoices !== undefined && !isRepeatable;
  const text = isClosed ? { enum: option.argChoices } : { type: ['string', 'integer'] };
  if (!isRepeatable) return { description, ...text };
  return { description, anyOf: [text, { type: 'array', items: text }] };
}
