import { Option } from 'commander';
import type { AST } from 'toml-eslint-parser';
import { type Policy, rulePolicy } from '../policy/decide.ts';
import { parseRule } from '../policy/ruleText.ts';
import type { ConnectionIdentity } from '../ports/transport.ts';
import { Failure, oneLine } from './failure.ts';
import { readSecretText } from './files.ts';

/** `--access`. */
export function accessOption(): Option {
  return new Option(
    '--access <file>',
    'who may connect, by token or by address, and what they may ask for: a TOML file (docs/sharing.md)',
  ).conflicts(['token', 'tokenFile']);
}

/** What somebody who connects may ask for. */
export interface AccessRights {
  /** For people: `alice`, or the address. */
  readonly who: string;
  /** The session that it is about; undefined: that of the user, or `default`. */
  readonly session: string | undefined;
  /** It may ask to be alone. */
  readonly mayBeAlone: boolean;
  /** Devices that it may offer; undefined: all that the rules allow. */
  readonly mayOffer: Policy | undefined;
}

/** Who may connect. */
export interface AccessFile {
  /** For the listener. */
  readonly tokens: readonly { readonly token: string; readonly user: string }[];
  /** Undefined: nobody that the file speaks of. */
  rightsOf(identity: ConnectionIdentity): AccessRights | undefined;
}

/** The keys of an entry, and what they are. */
const KEYS = {
  secret: 'text',
  user: 'text',
  address: 'text',
  session: 'text',
  exclusive: 'flag',
  allow: 'texts',
} as const;

/** One `[[token]]` or `[[address]]`. */
type Entry = { -readonly [K in keyof typeof KEYS]?: string | boolean | readonly string[] };

/**
 * Reads a file of `--access`; `say` is told when others can read it.
 * @throws Failure with the place and one line about what is wrong
 */
export async function readAccessFile(file: string, say: (line: string) => void): Promise<AccessFile> {
  const text = await readSecretText(file, say);
  // Loaded here: most commands have no such file.
  const { getStaticTOMLValue, parseTOML } = await import('toml-eslint-parser');
  let value: Readonly<Record<string, unknown>>;
  try {
    value = { ...getStaticTOMLValue(parseTOML(text) satisfies AST.TOMLProgram) };
  } catch (error) {
    const line = error instanceof Error && 'lineNumber' in error ? `:${String(error.lineNumber)}` : '';
    throw new Failure(`${file}${line}: this is not TOML: ${oneLine(error)}`, 2);
  }
  const unknown = Object.keys(value).find((key) => key !== 'token' && key !== 'address');
  if (unknown !== undefined) throw new Failure(`${file}: [[${unknown}]]: write [[token]] or [[address]]`, 2);
  const byUser = new Map<string, AccessRights>();
  const byAddress = new Map<string, AccessRights>();
  const tokens = entriesOf(value, 'token', file).map(({ entry, place }) => {
    const [token, user] = [needed(entry, 'secret', place), needed(entry, 'user', place)];
    if (byUser.has(user)) throw new Failure(`${place}: there is another token of ${user}`, 2);
    byUser.set(user, rightsIn(entry, user, place));
    return { token, user };
  });
  const repeated = tokens.find(({ token }, index) => tokens.findIndex((each) => each.token === token) !== index);
  if (repeated !== undefined) throw new Failure(`${file}: ${repeated.user} has the same secret as another one`, 2);
  for (const { entry, place } of entriesOf(value, 'address', file)) {
    const address = needed(entry, 'address', place);
    if (byAddress.has(address)) throw new Failure(`${place}: there is another entry for ${address}`, 2);
    byAddress.set(address, rightsIn(entry, address, place));
  }
  if (byUser.size + byAddress.size === 0)
    throw new Failure(`${file}: nobody may connect: add a [[token]] or [[address]]`, 2);
  return {
    tokens,
    rightsOf: ({ address, user }) =>
      user?.provenBy === 'token' ? byUser.get(user.name ?? '') : byAddress.get(address),
  };
}

function entriesOf(value: Readonly<Record<string, unknown>>, name: 'token' | 'address', file: string) {
  const found = value[name] ?? [];
  if (!Array.isArray(found)) throw new Failure(`${file}: ${name}: write [[${name}]], with two brackets`, 2);
  return found.map((each: unknown, index) => {
    const place = `${file}: [[${name}]] number ${index + 1}`;
    return { entry: readEntry(each, name, place), place };
  });
}

function readEntry(value: unknown, name: 'token' | 'address', place: string): Entry {
  const entry: Entry = {};
  const allowed = new Set(name === 'token' ? ['secret', 'user'] : ['address']);
  for (const key of ['session', 'exclusive', 'allow']) allowed.add(key);
  for (const [key, content] of Object.entries({ ...(typeof value === 'object' ? value : {}) })) {
    if (!isKey(key) || !allowed.has(key))
      throw new Failure(`${place}: ${key}: it has only ${[...allowed].join(', ')}`, 2);
    const kind = KEYS[key];
    if (kind === 'text' && typeof content === 'string' && content !== '') entry[key] = content;
    else if (kind === 'flag' && typeof content === 'boolean') entry[key] = content;
    else if (kind === 'texts' && Array.isArray(content) && content.every((each) => typeof each === 'string')) {
      entry[key] = content;
    } else throw new Failure(`${place}: ${key}: ${EXPECTED[kind]}`, 2);
  }
  return entry;
}

const EXPECTED = {
  text: 'write a text in quotes',
  flag: 'write true or false',
  texts: 'write a list of rules, such as ["class 08"]',
};

function isKey(key: string): key is keyof typeof KEYS {
  return Object.hasOwn(KEYS, key);
}

function needed(entry: Entry, key: 'secret' | 'user' | 'address', place: string): string {
  const value = entry[key];
  if (typeof value === 'string') return value;
  throw new Failure(`${place}: it needs ${key}`, 2);
}

function rightsIn({ session, exclusive, allow }: Entry, who: string, place: string): AccessRights {
  const rules = Array.isArray(allow)
    ? allow.map((rule: string) => parseRule(`allow ${rule}`, `${place}: allow`))
    : undefined;
  return {
    who,
    session: typeof session === 'string' ? session : undefined,
    mayBeAlone: exclusive === true,
    mayOffer: rules && rulePolicy({ rules, otherwise: 'deny' }),
  };
}
