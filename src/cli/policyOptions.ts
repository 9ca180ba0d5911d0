import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SEAT } from '../devices/libusb/seats.ts';
import { decide, type Policy, precede, rulePolicy } from '../policy/decide.ts';
import { parseFreerdpUsb } from '../policy/freerdpUsb.ts';
import { parseRdpFile } from '../policy/rdpFile.ts';
import type { PolicyAction, Rule, ShareRule } from '../policy/rule.ts';
import { isSeatName, parseRule, parseRules, type RuleFile } from '../policy/ruleText.ts';
import { AUTO_RULES, REDIRECTED_STAYS, seatRules } from '../policy/safeDefaults.ts';
import { parseUsbredirFilter, usbredirPolicy } from '../policy/usbredirFilter.ts';
import { Failure } from './failure.ts';
import { readBytes } from './files.ts';
import { RepeatableOption } from './repeatableOption.ts';

/** A rule of the command line, and its place among all of them. */
interface PlacedRule {
  readonly place: number;
  readonly rule: Rule;
}

/** Which devices may go. */
export interface PolicyOptions {
  readonly rules?: string;
  readonly allow?: readonly PlacedRule[];
  readonly deny?: readonly PlacedRule[];
  readonly ask?: readonly PlacedRule[];
  readonly auto?: boolean;
  readonly usb?: string;
  readonly filter?: string;
  readonly rdp?: string;
  readonly seat?: string;
}

/** Text for --help about {@link addRuleOptions}. */
export const RULES_HELP = `
A RULE is, for example: 046d:082b, 046d:*, "class 08", "interface 03/01/01", "port 1-2.*", "serial A1", or "*".
"046d:082b interfaces 0,1" lets only these interfaces go.
The first rule that matches decides: those of the command line in their order, then those of --rules; a device that no
rule matches is denied, unless another option says more. docs/policy.md tells it all.`;

/** `--rules`, `--allow`, `--deny` and `--ask`, which cannot stand beside the options in `conflicts`. */
export function addRuleOptions(command: Command, conflicts: string[] = []): Command {
  let place = 0;
  const rule = (action: PolicyAction, text: string) =>
    new RepeatableOption(`--${action} <rule>`, text)
      .conflicts(conflicts)
      .argParser((value: string, previous?: PlacedRule[]) => {
        place += 1;
        return [...(previous ?? []), { place, rule: parseRule(`${action} ${value}`, `--${action}`) }];
      });
  return command
    .addOption(new Option('--rules <file>', 'devices that the rules in this file allow').conflicts(conflicts))
    .addOption(rule('allow', 'devices for which this is true; can be given several times'))
    .addOption(rule('deny', 'no devices for which this is true'))
    .addOption(rule('ask', 'ask about devices for which this is true; where there is no terminal, none of them'));
}

/** The options that say what happens to devices which no rule matches; at most one of them can be given. */
export function addSelectionOptions(command: Command, conflicts: string[] = []): Command {
  const names = ['auto', 'usb', 'filter', 'rdp', 'seat'];
  const option = (name: string, flags: string, text: string) =>
    new Option(flags, text).conflicts([...conflicts, ...names.filter((each) => each !== name)]);
  return command
    .addOption(option('auto', '--auto', 'all devices but hubs, keyboards, mice, disks in use, the way to the network'))
    .addOption(option('usb', '--usb <text>', "what FreeRDP's /usb: selects, e.g. id:046d:082b#0781:5567 or auto"))
    .addOption(filterOption().conflicts([...conflicts, 'auto', 'usb', 'rdp', 'seat']))
    .addOption(
      option('seat', '--seat <name>', 'all devices of this seat, as loginctl list-seats shows it').argParser(seatName),
    )
    .addOption(option('rdp', '--rdp <file>', 'what usbdevicestoredirect in this .rdp file selects'));
}

export function seatName(text: string): string {
  if (isSeatName(text)) return text;
  throw new InvalidArgumentError('it begins with seat, such as seat1; loginctl list-seats shows those that there are.');
}

/** `--filter`. */
export function filterOption(): Option {
  return new Option('--filter <text>', 'what a usbredir filter allows, e.g. "0x03,-1,-1,-1,0|-1,-1,-1,-1,1"');
}

/** What the options say about devices. */
export interface DeviceRules {
  /** Which may go; undefined where no option says so. */
  readonly policy: Policy | undefined;
  /** What becomes of devices that several want; the defaults follow. */
  readonly share: readonly ShareRule[];
}

/** @throws Failure or UsageError when the options are wrong */
export async function readRules(
  options: PolicyOptions,
  say: (line: string) => void = () => {},
  ownSeat = DEFAULT_SEAT,
): Promise<DeviceRules> {
  const file = options.rules === undefined ? undefined : parseRules(await readText(options.rules), options.rules);
  // A file of rules about sharing alone says nothing about which devices may go.
  const isAboutSharing = file?.share !== undefined && file.rules.length === 0 && file.otherwise === undefined;
  const policy = await readPolicy(options, isAboutSharing ? undefined : file, say, ownSeat);
  return { policy, share: file?.share ?? [] };
}

async function readPolicy(
  options: PolicyOptions,
  file: RuleFile | undefined,
  say: (line: string) => void,
  ownSeat: string,
): Promise<Policy | undefined> {
  const { allow = [], deny = [], ask = [] } = options;
  const placed = [...allow, ...deny, ...ask].sort((a, b) => a.place - b.place);
  const given = [...placed.map(({ rule }) => rule), ...(file?.rules ?? [])];
  const isMentioned = given.some(({ conditions }) => conditions.some(({ type }) => type === 'redirected'));
  const rules = isMentioned ? given : [REDIRECTED_STAYS, ...given];
  const selection = await readSelection(options, say, ownSeat);
  if (selection !== undefined) return precede(rules, selection, file?.otherwise);
  if (given.length === 0 && file === undefined) return undefined;
  const otherwise = file?.otherwise ?? 'deny';
  if (otherwise === 'deny' && rules.every(({ action }) => action === 'deny')) {
    throw new Failure(
      `the rules allow nothing: add what they shall allow, such as --allow "*" for all other devices`,
      2,
    );
  }
  return rulePolicy({ rules, otherwise });
}

async function readSelection(
  { auto, usb, filter, rdp, seat }: PolicyOptions,
  say: (line: string) => void,
  ownSeat: string,
): Promise<Policy | undefined> {
  if (auto === true) return precedeOtherSeats(ownSeat, rulePolicy(AUTO_RULES));
  if (seat !== undefined) return rulePolicy(seatRules(seat));
  if (usb !== undefined) return rulePolicy(parseFreerdpUsb(usb));
  if (filter !== undefined) return usbredirPolicy(parseUsbredirFilter(filter));
  if (rdp !== undefined) return rulePolicy(parseRdpFile(await readText(rdp), (problem) => say(`${rdp}: ${problem}`)));
  return undefined;
}

/** Devices of other seats than `ownSeat` stay with the people who sit there. */
function precedeOtherSeats(ownSeat: string, policy: Policy): Policy {
  return (device) => {
    const { seat = ownSeat } = device.localUse;
    if (seat === ownSeat || seat === '') return policy(device);
    const conditions = [{ type: 'seat', name: seat } as const];
    return decide(
      { rules: [{ action: 'deny', conditions, origin: 'safe default: another seat' }], otherwise: 'deny' },
      device,
    );
  };
}

/** UTF-8, or UTF-16 as mstsc writes it. */
async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}
