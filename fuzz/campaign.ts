import { type Layer, loadCorpus, type Seed } from './corpus.ts';
import { decodeAs } from './decoders.ts';
import { Engine, nextTurn } from './engines.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { runRdpClient } from './rdpClient.ts';
import { anyServerDevice, ClientSessions, ServerSessions } from './sessions.ts';

/** Messages that a connection gets before it is replaced by a new one. */
const MESSAGES_PER_CONNECTION = 200;
/** One in so many goes through a whole engine. */
const ENGINE_SHARE = 10;

export interface CampaignOptions {
  readonly seed: number;
  readonly messages: number;
  /** Called about every thousand messages. */
  readonly progress?: (done: number) => void;
}

export interface CampaignReport {
  readonly messages: number;
  /** Connections that whole engines had, and those that they gave up because of the peer. */
  readonly connections: number;
  readonly givenUp: number;
  /** RDP connections whose client changes what a real one sent, and those of them whose channels stood. */
  readonly rdpConnections: number;
  readonly established: number;
  readonly milliseconds: number;
  /** Most memory at any time, bytes, and what it was before the first message. */
  readonly peak: MemoryUse;
  readonly before: MemoryUse;
}

export interface MemoryUse {
  readonly heap: number;
  /** Buffers. */
  readonly external: number;
  readonly resident: number;
}

/** A message made the program do what it must not. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';

  constructor(layer: Layer, bytes: Uint8Array, options: { readonly cause: unknown }) {
    const what =
      options.cause instanceof Error ? (options.cause.stack ?? options.cause.message) : String(options.cause);
    super(`${layer} ${Buffer.from(bytes).toString('hex')}: ${what}`, options);
  }
}

/**
 * Mutates everything that is known to have been sent, and gives it to the decoders of its layer, to the sessions of both
 * roles, and every tenth to whole engines of both roles. The same seed gives the same messages.
 * @throws FuzzFailure for the first message that makes anything throw, or differ from the model of pending requests
 */
export async function runCampaign({ seed, messages, progress }: CampaignOptions): Promise<CampaignReport> {
  const random = new Random(seed);
  const corpus = loadCorpus();
  const sessions = { client: new ClientSessions(), server: new ServerSessions(anyServerDevice(random)) };
  const engines = { client: await newEngine('client'), server: await newEngine('server') };
  const counts = { connections: 2, givenUp: 0 };
  let rdpConnections = 0;
  let established = 0;
  const before = memoryUse();
  let peak = before;
  const started = performance.now();
  const { stackTraceLimit } = Error;
  // Nearly every message is refused, and the stack would be most of an error's cost.
  Error.stackTraceLimit = 0;
  for (let done = 0; done < messages; done += 1) {
    const { layer, bytes, from } = nextMessage(random, corpus);
    try {
      decodeAs(layer, bytes, done);
      // What one peer sends goes to the other, and now and then back to its own kind.
      for (const role of receiversOf(from, random)) {
        if (layer !== 'svc' && layer !== 'dvc') sessions[role].feed(bytes, random);
        if (done % ENGINE_SHARE === 0) engines[role].feed(layer, bytes, random);
      }
    } catch (cause) {
      throw new FuzzFailure(layer, bytes, { cause });
    }
    if (done % MESSAGES_PER_CONNECTION === 0) {
      rdpConnections += 1;
      if (runRdpClient(random)) established += 1;
    }
    if (done % MESSAGES_PER_CONNECTION === 0 || sessions.server.isOver) {
      sessions.client = new ClientSessions();
      sessions.server = new ServerSessions(anyServerDevice(random));
    }
    if (done % 16 === 0) await nextTurn();
    for (const role of ['client', 'server'] as const) {
      const isOver = engines[role].isOver;
      if (!isOver && (done + 1) % (MESSAGES_PER_CONNECTION * ENGINE_SHARE) !== 0) continue;
      counts.connections += 1;
      if (isOver) counts.givenUp += 1;
      await engines[role].close();
      engines[role] = await newEngine(role);
    }
    if (done % 1024 === 0) {
      peak = higher(peak, memoryUse());
      progress?.(done);
    }
  }
  Error.stackTraceLimit = stackTraceLimit;
  for (const engine of Object.values(engines)) await engine.close();
  return { messages, ...counts, rdpConnections, established, milliseconds: performance.now() - started, peak, before };
}

function nextMessage(random: Random, corpus: readonly Seed[]): Seed {
  const seed = random.pick(corpus);
  return { ...seed, bytes: mutate(random, seed.bytes, random.pick(corpus).bytes) };
}

function receiversOf(from: Seed['from'], random: Random): readonly ('client' | 'server')[] {
  if (from === undefined || random.oneIn(8)) return ['client', 'server'];
  return from === 'client' ? ['server'] : ['client'];
}

async function newEngine(role: 'client' | 'server'): Promise<Engine> {
  const engine = new Engine(role);
  await engine.open();
  return engine;
}

function memoryUse(): MemoryUse {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, resident: rss };
}

function higher(left: MemoryUse, right: MemoryUse): MemoryUse {
  return {
    heap: Math.max(left.heap, right.heap),
    external: Math.max(left.external, right.external),
    resident: Math.max(left.resident, right.resident),
  };
}
