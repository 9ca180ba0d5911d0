import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { asError } from '../../codecs/core/errors.ts';
import { TRAITS, type Trait } from '../conformance/client/clientGrading.ts';
import { clientTests, type ConformanceTest, serverTests } from '../conformance/conformanceTests.ts';
import type { GradingSettings } from '../conformance/grading.ts';
import { junitReport } from '../conformance/junit.ts';
import { countVerdicts, jsonReport, resultText, summaryText, textReport } from '../conformance/report.ts';
import { passed, type Report, type Result } from '../conformance/suite.ts';
import { systemClock } from '../systemClock.ts';
import type { Transport } from '../ports/transport.ts';
import {
  addEndpointOptions,
  type Counterpart,
  ENDPOINT_HELP,
  type EndpointOptions,
  withConnections,
} from './endpoint.ts';
import { fileProblem } from './files.ts';
import { openPrivateFile } from '../capture/privateFile.ts';
import { Failure } from './failure.ts';
import { addRdpOptions, RDP_HELP } from './rdpEndpoint.ts';
import { stopSignal } from './stopSignal.ts';
import { RepeatableOption } from './repeatableOption.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { Terminal } from './terminal.ts';

interface ConformanceOptions extends EndpointOptions {
  readonly only?: readonly string[];
  readonly format: 'text' | 'json' | 'junit';
  readonly out?: string;
  readonly timeout?: number;
  readonly patience?: number;
  readonly quiet: number;
  readonly devices?: number;
  readonly trait: readonly Trait[];
}

type Graded = Report['graded'];

export function conformanceCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('conformance')
    .description('grade another implementation: play the other end and test it by the requirements of MS-RDPEUSB')
    .addArgument(new Argument('<graded>', 'what is graded').choices(['client', 'server']))
    .option('--only <ids>', 'run only these tests, such as C07,C08', (text) => text.split(','))
    .addOption(new Option('--format <format>', 'of the report').choices(['text', 'json', 'junit']).default('text'))
    .option('--out <file>', 'where the report goes; default: standard output')
    .option('--timeout <ms>', 'how long an answer may take; default: 5000, more for a slow peer', milliseconds)
    .addOption(new Option('--patience <ms>', 'the former name of --timeout').argParser(milliseconds).hideHelp())
    .option('--quiet <ms>', 'how long a silence has to be', milliseconds, 250)
    .option('--devices <count>', 'client: how many devices it redirects', count)
    .addOption(
      new RepeatableOption('--trait <trait>', 'client: what a device behind it does; may be repeated')
        .choices(TRAITS)
        .default([])
        .argParser((text, before: readonly Trait[]) => [...before, traitOf(text)]),
    );
  return addRdpOptions(addEndpointOptions(command))
    .addHelpText(
      'after',
      `${ENDPOINT_HELP}${RDP_HELP}
Each requirement is tested on a connection of its own, so that the other end has to listen, or to dial again and again.

Examples:
  urbdrc conformance client --connect tcp://127.0.0.1:3000
  urbdrc conformance server --connect unix:/run/urbdrc.sock
  urbdrc conformance client --listen rdp://127.0.0.1:3389 --only C01,C02 --format junit --out report.xml`,
    )
    .action((graded: Graded, options: ConformanceOptions) => conformance(graded, options, context));
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('not a positive number of milliseconds.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('not a whole number.');
  return value;
}

function traitOf(text: string): Trait {
  const trait = TRAITS.find((each) => each === text);
  if (trait === undefined) throw new InvalidArgumentError(`give one of ${TRAITS.join(', ')}.`);
  return trait;
}

async function conformance(graded: Graded, options: ConformanceOptions, context: ProgramContext): Promise<void> {
  const terminal = new Terminal(context);
  const counterpart = graded === 'client' ? 'urbdrc redirect --device VID:PID' : 'urbdrc serve';
  const connections = new Connections(options, counterpart, context, terminal);
  const tests = testsOf(graded, options, connections);
  const isStreamed = options.format === 'text' && options.out === undefined;
  const results: Result[] = [];
  try {
    for (const test of tests) {
      terminal.live(`${test.id} (${results.length + 1} of ${tests.length})`);
      const result = await test.run();
      if (connections.isStopped) throw new Failure('stopped before all requirements were tested');
      if (connections.refusal !== undefined) throw connections.refusal;
      results.push(result);
      if (isStreamed) context.stdout.write(`${resultText(result)}\n`);
    }
  } finally {
    terminal.live('');
    terminal.done();
    await connections.end();
  }
  const report = { graded, results };
  if (isStreamed) context.stdout.write(`\n${summaryText(report)}\n`);
  else await writeReport(formatted(report, options.format), options.out, context);
  if (!passed(report)) throw new Failure(`${countVerdicts(report).failed} of ${results.length} requirements failed`);
}

/** @throws Failure for an unknown id */
function testsOf(graded: Graded, options: ConformanceOptions, connections: Connections): ConformanceTest[] {
  const { quiet, devices, trait: traits, only } = options;
  const timeout = options.timeout ?? options.patience;
  const settings: GradingSettings = {
    clock: systemClock,
    quiet,
    connect: () => connections.next(),
    ...(timeout !== undefined && { timeout }),
  };
  const tests =
    graded === 'client'
      ? clientTests({ ...settings, traits, ...(devices !== undefined && { devices }) })
      : serverTests(settings);
  const unknown = only?.find((id) => !tests.some((each) => each.id === id));
  if (unknown !== undefined) throw new Failure(`there is no requirement ${unknown} (see docs/conformance.md)`, 2);
  return tests.filter(({ id }) => only === undefined || only.includes(id));
}

function formatted(report: Report, format: ConformanceOptions['format']): string {
  switch (format) {
    case 'text':
      return textReport(report);
    case 'json':
      return jsonReport(report);
    case 'junit':
      return junitReport(report);
  }
}

async function writeReport(text: string, file: string | undefined, context: ProgramContext): Promise<void> {
  if (file === undefined) {
    context.stdout.write(text);
    return;
  }
  const output = await openPrivateFile(file).catch((error: unknown) => {
    throw new Failure(`cannot write ${file}: ${fileProblem(error)}`);
  });
  await output.writeFile(text).finally(() => output.close());
}

/** A new connection for each test: dialled, or the next one that comes. */
class Connections {
  readonly #options: ConformanceOptions;
  readonly #counterpart: Counterpart;
  readonly #context: ProgramContext;
  readonly #terminal: Terminal;
  readonly #over = new AbortController();
  readonly #stop: ReturnType<typeof stopSignal>;
  readonly #arrived: Transport[] = [];
  #connected = false;
  /** Why there never was a connection. */
  refusal: Error | undefined;
  #waiting: { resolve(transport: Transport): void; reject(error: unknown): void } | undefined;
  #listening: Promise<void> | undefined;

  constructor(options: ConformanceOptions, counterpart: Counterpart, context: ProgramContext, terminal: Terminal) {
    this.#options = options;
    this.#counterpart = counterpart;
    this.#context = context;
    this.#terminal = terminal;
    this.#stop = stopSignal(context);
    this.#stop.signal.addEventListener('abort', () => this.#fail(new Failure('stopped')), { once: true });
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async next(): Promise<Transport> {
    // The other end needs a moment to give its devices back after the connection before.
    if (this.#connected) await new Promise<void>((resolve) => systemClock.after(this.#options.quiet, resolve));
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return arrived;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const opened = this.#options.listen === undefined ? this.#open() : (this.#listening ??= this.#open());
      opened.catch((error: unknown) => this.#fail(error));
    });
  }

  async end(): Promise<void> {
    this.#over.abort();
    this.#stop.release();
    await Promise.all([this.#listening?.catch(() => {}), ...this.#arrived.map((transport) => transport.close())]);
  }

  #fail(error: unknown): void {
    if (!this.#connected) this.refusal = asError(error);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #open(): Promise<void> {
    // One for each connection: what a connection adds to it goes with it.
    const signal = AbortSignal.any([this.#over.signal, this.#stop.signal]);
    return withConnections(this.#options, this.#context, this.#terminal, signal, this.#counterpart, (transport) => {
      this.#connected = true;
      if (this.#waiting === undefined) this.#arrived.push(transport);
      else this.#waiting.resolve(transport);
      this.#waiting = undefined;
      return Promise.resolve();
    });
  }
}
