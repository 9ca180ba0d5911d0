import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { ControlClient } from '../control/controlClient.ts';
import { checkControlSocket, controlFolder, findControlSockets } from '../control/controlFolder.ts';
import {
  type ControlList,
  type ControlRequest,
  type ListedDevice,
  type ListedSession,
  LONGEST_WAIT,
} from '../control/controlMessages.ts';
import { forTime } from '../hub/claimantName.ts';
import { Failure } from './failure.ts';
import { stateFolder } from './keptIdentity.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { aborted, stopSignal } from './stopSignal.ts';
import { formatColumns, jsonLine, printable } from './text.ts';

const ACTIONS = ['list', 'end', 'drop', 'give', 'release', 'take', 'lock', 'unlock'] as const;
type Action = (typeof ACTIONS)[number];

interface SessionsOptions {
  readonly control?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly wait?: number;
}

export function sessionsCommand(context: ProgramContext = PROCESS): Command {
  return new Command('sessions')
    .description('show and change the connections and devices of a running serve or redirect')
    .addArgument(new Argument('[do]', 'what to do').choices(ACTIONS).default('list'))
    .addArgument(
      new Argument(
        '[id...]',
        'of a session for end, of a device for the others; give and take: of a device and a session',
      ),
    )
    .addOption(new Option('--control <path>', 'the socket of the program; default: those of the runtime folders'))
    .addOption(new Option('--json', 'list: print JSON, one object a line for each program'))
    .addOption(new Option('--watch', 'list: print again at each change, until Ctrl-C'))
    .addOption(
      new Option('--wait <seconds>', 'take: stand in the queue for so long, where it is not granted at once').argParser(
        seconds,
      ),
    )
    .addHelpText(
      'after',
      `
list           all sessions and devices
end ID         ends a session: its devices leave in order, then its connection is closed
drop ID        takes a device from everybody; who offers it has it back until it is plugged in again
give ID TO     gives a device to session TO, whatever the rules say
take ID TO     claims a device for session TO: by the rules it changes hands, its holder is asked, or keeps it
release ID     takes a device from its holder; who waits for it has it next
lock ID        refuses every claim to a device from now on
unlock ID      does so no more

Examples:
  urbdrc sessions
  urbdrc sessions list --watch --json
  urbdrc sessions end 3
  urbdrc sessions take 2 3 --wait 600
  urbdrc sessions give 2 3 --control /run/urbdrc/redirect-812.sock`,
    )
    .action((action: Action, ids: readonly string[], options: SessionsOptions) =>
      sessions(action, ids, options, context),
    );
}

async function sessions(
  action: Action,
  words: readonly string[],
  options: SessionsOptions,
  context: ProgramContext,
): Promise<void> {
  const request = requestOf(action, words, options.wait);
  if (request.do !== 'list' && (options.json === true || options.watch === true)) {
    throw new Failure('--json and --watch are about list', 2);
  }
  const clients = await openClients(options, context);
  try {
    if (request.do === 'list') {
      await list(clients, options, context);
      return;
    }
    const [client, another] = clients.values();
    if (another !== undefined) {
      throw new Failure(`several programs run: say with --control which one: ${[...clients.keys()].join(', ')}`, 2);
    }
    const answer = await client?.ask(request);
    if (answer !== undefined && 'place' in answer) {
      context.stdout.write(`it is in use: place ${answer.place} in the queue\n`);
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
}

function requestOf(action: Action, words: readonly string[], wait: number | undefined): ControlRequest {
  if (wait !== undefined && action !== 'take') throw new Failure('--wait is about take', 2);
  const [id, to] = words.map((word) => (/^[1-9]\d{0,9}$/.test(word) ? Number(word) : undefined));
  const most = { list: 0, end: 1, drop: 1, release: 1, lock: 1, unlock: 1, give: 2, take: 2 }[action];
  if (words.length > most) throw new Failure(`${action} takes ${most === 0 ? 'no id' : `no more than ${most}`}`, 2);
  if (action === 'list') return { do: action };
  if (id === undefined) throw new Failure(`${action} what? give the number that urbdrc sessions shows`, 2);
  if (action === 'end') return { do: action, session: id };
  if (action !== 'give' && action !== 'take') return { do: action, device: id };
  if (to === undefined) {
    throw new Failure(
      `${action} ${action === 'give' ? 'to' : 'for'} whom? give the number of a session after that of the device`,
      2,
    );
  }
  if (action === 'give') return { do: action, device: id, session: to };
  return { do: action, device: id, session: to, ...(wait !== undefined && { wait }) };
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value <= LONGEST_WAIT) return value;
  throw new InvalidArgumentError(`not whole seconds from 1 to ${LONGEST_WAIT}.`);
}

/** By the paths of their sockets. @throws Failure when no program runs */
export async function openClients(
  { control }: Pick<SessionsOptions, 'control'>,
  { environment }: ProgramContext,
): Promise<Map<string, ControlClient>> {
  if (control !== undefined) {
    await checkControlSocket(control);
    return new Map([[control, await ControlClient.connect(control)]]);
  }
  const clients = new Map<string, ControlClient>();
  for (const path of await findControlSockets(controlFolder(environment, stateFolder(undefined, environment)))) {
    const client = await checkControlSocket(path)
      .then(() => ControlClient.connect(path))
      .catch(() => undefined);
    if (client !== undefined) clients.set(path, client);
  }
  if (clients.size > 0) return clients;
  throw new Failure('no serve or redirect of this user runs with a control socket (--control PATH names one)');
}

async function list(
  clients: ReadonlyMap<string, ControlClient>,
  { json, watch }: SessionsOptions,
  context: ProgramContext,
): Promise<void> {
  const print = (each: ControlList) => context.stdout.write(json === true ? `${jsonLine(each)}\n` : formatList(each));
  if (watch !== true) {
    for (const client of clients.values()) {
      const answer = await client.ask({ do: 'list' });
      if ('list' in answer) print(answer.list);
    }
    return;
  }
  const stop = stopSignal(context);
  const watching = [...clients.values()].map(async (client) => {
    for await (const each of client.watch()) print(each);
  });
  const closed = aborted(stop.signal).then(() => {
    for (const client of clients.values()) client.close();
  });
  try {
    await Promise.race([closed, Promise.all(watching)]);
    if (stop.signal.aborted) await Promise.allSettled(watching);
  } finally {
    stop.release();
  }
}

/** For people. */
export function formatList({ program, pid, sessions: found, devices }: ControlList): string {
  const text = [
    `urbdrc ${program} (process ${pid})`,
    found.length === 0
      ? 'no sessions'
      : formatColumns(['SESSION', 'WHO', 'NAME', 'ACCESS', 'STATE', 'FOR', 'DEVICES'], found.map(sessionCells)),
    devices.length === 0
      ? 'no devices'
      : formatColumns(
          ['DEVICE', 'ID', 'PORT', 'FROM', 'STATE', 'HOLDER', 'FOR', 'AT', 'NAME'],
          devices.map(deviceCells),
        ),
  ];
  return `${text.join('\n')}\n\n`;
}

function sessionCells({ id, who, name, access, state, age, devices }: ListedSession): string[] {
  return [String(id), who, name, access, state, forTime(age * 1000), devices.length === 0 ? '-' : devices.join(',')];
}

function deviceCells(device: ListedDevice): string[] {
  const { id, port, source, state, sharing, holder, age, location, manufacturer, product, serial, waiting } = device;
  const names = [manufacturer, product, serial === null ? null : `(serial ${serial})`].filter((part) => part !== null);
  const whose = sharing === 'free' || sharing === 'held' ? state : sharing;
  return [
    ...[String(id), device.device, port, source, whose],
    `${holder ?? '-'}${waiting.length === 0 ? '' : `, then ${waiting.join(', ')}`}`,
    ...[age === null ? '-' : forTime(age * 1000), location ?? '-', names.join(' ')],
  ].map(printable);
}
