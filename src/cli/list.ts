import { Command, Option } from 'commander';
import { inspectUsbDevice } from '../devices/libusb/access.ts';
import { inspectLocalUse } from '../devices/libusb/localUse.ts';
import { seatOfPerson } from '../devices/libusb/seats.ts';
import { type Decision, type Policy, rulePolicy } from '../policy/decide.ts';
import { policyDevice } from '../policy/policyDevice.ts';
import { AUTO_RULES } from '../policy/safeDefaults.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { type ExportedRow, listFrom } from './fromOption.ts';
import { addRuleOptions, addSelectionOptions, type PolicyOptions, readRules, RULES_HELP } from './policyOptions.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { formatColumns, formatVidPid, jsonLine, printable } from './text.ts';

/** One device as `list --json` prints it. */
export interface DeviceRow {
  readonly device: string;
  readonly port: string;
  readonly speed: string;
  readonly class: number;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
  readonly drivers: readonly string[];
  readonly canOpen: boolean;
  /** Null: unknown. */
  readonly seat: string | null;
  readonly advice: string | null;
  /** With --explain. */
  readonly decision?: Decision;
}

interface ListOptions extends PolicyOptions {
  readonly from?: string;
  readonly json?: boolean;
  readonly explain?: boolean;
}

export function listCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('list')
    .description('show the USB devices of this machine, who uses them, and whether they can be redirected')
    .option('--json', 'print one JSON array')
    .addOption(
      new Option('--from <url>', 'devices that a USB/IP server exports: usbip://HOST[:PORT]').conflicts('explain'),
    )
    .option('--explain', 'tell for each device whether it would go, and which rule decides (default: those of --auto)');
  return addSelectionOptions(addRuleOptions(command))
    .addHelpText(
      'after',
      `${RULES_HELP}

Examples:
  urbdrc list
  urbdrc list --explain --auto --deny "class 08"
  urbdrc list --json | jq '.[] | select(.canOpen) | .device'`,
    )
    .action(async (options: ListOptions) => {
      if (options.from !== undefined) {
        print((await listFrom(options.from)).map(describeExported), options, context);
        return;
      }
      const { policy: given } = await readRules(
        options,
        (line) => context.stderr.write(`${printable(line)}\n`),
        seatOfPerson(context.environment),
      );
      const policy = given ?? (options.explain === true ? rulePolicy(AUTO_RULES) : undefined);
      const source = await context.openDevices();
      try {
        print(
          (await source.list()).map((device) => describe(device, policy)),
          options,
          context,
        );
      } finally {
        await source.close();
      }
    });
}

function describe(device: UsbDevice, policy: Policy | undefined): DeviceRow {
  const { identity } = device;
  const access = inspectUsbDevice(identity);
  const localUse = inspectLocalUse(identity);
  return {
    device: formatVidPid(identity),
    port: identity.portPath,
    speed: identity.speed,
    class: identity.deviceClass,
    manufacturer: identity.manufacturerName ?? null,
    product: identity.productName ?? null,
    serial: identity.serialNumber ?? null,
    drivers: access.drivers,
    canOpen: access.canOpen,
    seat: localUse.seat ?? null,
    advice: access.advice ?? null,
    ...(policy !== undefined && { decision: policy(policyDevice(device, localUse)) }),
  };
}

/** A server tells no names, and whether it gives a device shows when it is asked for it. */
function describeExported({ busid, speed, class: deviceClass, ...ids }: ExportedRow): DeviceRow {
  const unknown = { manufacturer: null, product: null, serial: null, drivers: [], seat: null, advice: null };
  return { device: formatVidPid(ids), port: printable(busid), speed, class: deviceClass, canOpen: true, ...unknown };
}

function print(rows: readonly DeviceRow[], { json }: ListOptions, { stdout }: ProgramContext): void {
  stdout.write(json === true ? `[${rows.map(jsonLine).join(',\n ')}]\n` : formatTable(rows));
}

/** For people. */
export function formatTable(rows: readonly DeviceRow[]): string {
  if (rows.length === 0) return 'no USB devices here\n';
  const isExplained = rows.some((row) => row.decision !== undefined);
  const hasSeats = rows.some((row) => row.seat !== null);
  const head = [
    'DEVICE',
    'PORT',
    'SPEED',
    'DRIVER',
    'OPEN',
    ...(hasSeats ? ['SEAT'] : []),
    'NAME',
    ...(isExplained ? ['DECISION'] : []),
  ];
  const cells = rows.map((row) => [
    row.device,
    row.port,
    row.speed,
    row.drivers.length === 0 ? '-' : row.drivers.join(','),
    row.canOpen ? 'yes' : 'no',
    ...(hasSeats ? [printable(row.seat ?? '-')] : []),
    [row.manufacturer, row.product, row.serial === null ? null : `(serial ${row.serial})`]
      .filter((part) => part !== null)
      .map(printable)
      .join(' '),
    ...(isExplained ? [printable(row.decision?.reason ?? '')] : []),
  ]);
  const advice = rows.filter((row) => row.advice !== null).map((row) => `${row.device}: ${row.advice ?? ''}`);
  return [formatColumns(head, cells), ...advice, ''].join('\n');
}
