import { Command } from 'commander';
import { examineClient } from './doctor/client.ts';
import type { Finding } from './doctor/finding.ts';
import { type Machine, thisMachine } from './doctor/machine.ts';
import { examineLeft } from './doctor/left.ts';
import { examineServer } from './doctor/server.ts';
import { parseIds } from '../policy/selection.ts';
import { Failure } from './failure.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

interface DoctorOptions {
  readonly client?: boolean;
  readonly server?: boolean;
  readonly device?: string;
  readonly mend?: boolean;
  readonly json?: boolean;
}

export function doctorCommand(context: ProgramContext = PROCESS, machine: Machine = thisMachine()): Command {
  return new Command('doctor')
    .description('say what this machine lacks for redirect, and for serve --attach vhci')
    .option('--client', 'only what the end that has devices needs')
    .option('--server', 'only what the end needs whose kernel is to have them')
    .option('--device <vid:pid>', 'look at this device, and show the udev rule that lets users open it')
    .option('--mend', 'give devices back that a redirect --from usbip-host: had when it was killed')
    .option('--json', 'print one JSON array')
    .addHelpText(
      'after',
      `
Without --mend nothing is changed, and no device is opened. The status is 0 when nothing is missing. A note is no
obstacle.

Examples:
  urbdrc doctor
  urbdrc doctor --client --device 46f4:0001
  urbdrc doctor --server --json | jq '.[] | select(.state == "missing")'`,
    )
    .action((options: DoctorOptions) => examine(options, context, machine));
}

async function examine(options: DoctorOptions, context: ProgramContext, machine: Machine): Promise<void> {
  const { client = false, server = false, device } = options;
  if (device !== undefined && server && !client) throw new Failure('--device goes with --client', 2);
  const asked = device === undefined ? undefined : parseIds(device);
  const findings = [
    ...(client || !server
      ? [...(await examineLeft(machine, options.mend === true)), ...(await examineClient(machine, asked))]
      : []),
    ...(server || (!client && asked === undefined) ? await examineServer(machine) : []),
  ];
  context.stdout.write(options.json === true ? `[${findings.map(toJson).join(',\n ')}]\n` : formatFindings(findings));
  // The findings are printed already.
  if (findings.some(({ state }) => state === 'missing')) throw new Failure('');
}

function toJson({ side, check, state, text, advice }: Finding): string {
  return jsonLine({ side, check, state, text, advice: advice ?? null });
}

/** For people: one line each. */
function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map(({ side, state, text, advice }) =>
    printable(`${side}  ${state.padEnd(7)}  ${text}${advice === undefined ? '' : `: ${advice}`}`),
  );
  return `${lines.join('\n')}\n`;
}
