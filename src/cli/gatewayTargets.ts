import { Option } from 'commander';
import { type Target, targetAt, usesTls } from '../gateway/targets/target.ts';
import { systemClock } from '../systemClock.ts';
import { normalizeFingerprint } from '../../transports/certificates.ts';
import { FOREIGN_RULES_LINE } from './attachOption.ts';
import { type EndpointOptions, holdOptions } from './endpoint.ts';
import { Failure } from './failure.ts';
import { readSecret, readText } from './files.ts';
import { GatewayHub } from './gatewayHub.ts';
import type { ProgramMetrics } from './metricsOption.ts';
import { type PolicyOptions, readRules } from './policyOptions.ts';
import { RepeatableOption } from './repeatableOption.ts';
import { type ShareOptions, shareOptions } from './shareOption.ts';
import type { Terminal } from './terminal.ts';

export interface TargetsOptions extends ShareOptions, PolicyOptions, Pick<EndpointOptions, 'hold' | 'holdHid'> {
  readonly target?: readonly string[];
  readonly tokensFile?: string;
  readonly tokensFolder?: string;
  readonly pin?: readonly string[];
  readonly session?: readonly string[];
  readonly ca?: string;
}

/** Where `gateway` leads to. */
export function targetOptions(): readonly Option[] {
  const text =
    'what tokens may name: tcp://, tls://, unix:, vnc://HOST:PORT, https://HOST/console?uuid=... of a Xen host, or ' +
    'where devices go: vhci, usbredir://HOST:PORT[,usbredir://...]';
  return [
    new RepeatableOption('--target <name=url>', text),
    new RepeatableOption(
      '--pin <name=sha256>',
      'tls and https target: accept only the certificate with this fingerprint',
    ),
    new RepeatableOption(
      '--session <name=file>',
      'https target: the first line of a file, read each time: OpaqueRef:... of a session, or USER:PASSWORD',
    ),
    new Option('--ca <file>', 'tls and https targets: trust certificates signed by this one (PEM)'),
    ...shareOptions().filter((option) => option.name() === 'share'),
    ...holdOptions(),
  ];
}

const NAMED = /^(?<name>[\w.-]{1,64})=(?<value>\S+)$/;

/** By their names, and those among them that are hubs. */
interface Targets {
  readonly targets: ReadonlyMap<string, Target>;
  readonly hubs: readonly GatewayHub[];
}

/** @throws Failure or UsageError for what cannot be meant */
export async function readTargets(
  options: TargetsOptions,
  counted: ProgramMetrics,
  terminal: Terminal,
): Promise<Targets> {
  const { target = [], pin = [], session = [], ca, tokensFile, tokensFolder } = options;
  if (target.length === 0 && tokensFile === undefined && tokensFolder === undefined) {
    throw new Failure('say where tokens may lead: --target NAME=URL', 2);
  }
  const all = readNamed(target, '--target', 'URL');
  const urls = new Map([...all].filter(([, url]) => !isPlace(url)));
  const hubs = await openHubs(new Map([...all].filter(([, url]) => isPlace(url))), options, counted, terminal);
  const pins = readNamed(pin, '--pin', 'SHA256');
  const sessions = readNamed(session, '--session', 'FILE');
  const withTls = [...urls].filter(([, url]) => usesTls(url)).map(([name]) => name);
  const missing = (name: string) => !withTls.includes(name);
  const [unopened] = [...urls].filter(([name, url]) => url.startsWith('https:') && !sessions.has(name));
  if (unopened !== undefined) {
    const [name] = unopened;
    throw new Failure(`--target ${name} needs a session of the host: --session ${name}=FILE, see --help`, 2);
  }
  checkNames('--pin', pins, missing, 'tls:// or https:// target');
  checkNames('--session', sessions, (name) => urls.get(name)?.startsWith('https:') !== true, 'https:// target');
  if (ca !== undefined && withTls.length === 0) {
    throw new Failure('--ca is about tls:// and https:// targets, and there is none', 2);
  }
  const authority = ca === undefined ? {} : { ca: await readText(ca) };
  const targets = new Map<string, Target>(hubs);
  for (const [name, url] of urls) {
    const fingerprint = pins.get(name);
    const file = sessions.get(name);
    const say = (line: string) => terminal.say(line);
    const credential = file === undefined ? undefined : () => readSecret(file, 'session or USER:PASSWORD', say);
    // So that a mistake shows at the start.
    await credential?.();
    targets.set(
      name,
      targetAt(url, {
        ...authority,
        ...(fingerprint !== undefined && { fingerprint: normalizeFingerprint(fingerprint) }),
        ...(credential !== undefined && { credential }),
        clock: systemClock,
      }),
    );
  }
  return { targets, hubs: [...hubs.values()] };
}

/** The target that a token's own place is; undefined for one that cannot be reached. */
export function placeTarget(place: string): Target | undefined {
  try {
    return targetAt(place, { clock: systemClock });
  } catch {
    return undefined;
  }
}

/** Whether devices go there, and not bytes. */
function isPlace(url: string): boolean {
  return url === 'vhci' || url.startsWith('usbredir');
}

async function openHubs(
  places: ReadonlyMap<string, string>,
  options: TargetsOptions,
  counted: ProgramMetrics,
  terminal: Terminal,
): Promise<ReadonlyMap<string, GatewayHub>> {
  const { rules, allow, deny, ask } = options;
  if (places.size === 0) {
    if ([rules, allow, deny, ask].every((given) => given === undefined)) return new Map();
    throw new Failure('rules about devices are for targets where devices go, vhci and usbredir://: there is none', 2);
  }
  const read = await readRules(options);
  if (read.policy === undefined) terminal.say(FOREIGN_RULES_LINE);
  return new Map(
    [...places].map(([name, place]) => [
      name,
      new GatewayHub({ ...options, places: place.split(','), rules: read, counted }, terminal),
    ]),
  );
}

function readNamed(texts: readonly string[], option: string, form: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const { name, value } = NAMED.exec(text)?.groups ?? {};
    if (name === undefined || value === undefined) {
      throw new Failure(
        `${option} ${text}: write ${option} NAME=${form}, the name in letters, digits, "-", "_" and "."`,
        2,
      );
    }
    if (found.has(name)) throw new Failure(`${option} ${name}: there are two of this name`, 2);
    found.set(name, value);
  }
  return found;
}

function checkNames(
  option: string,
  named: ReadonlyMap<string, string>,
  isMissing: (name: string) => boolean,
  kind: string,
): void {
  const name = [...named.keys()].find(isMissing);
  if (name !== undefined) throw new Failure(`${option} ${name}: there is no ${kind} of this name`, 2);
}
