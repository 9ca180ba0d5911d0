import { connect, type Socket } from 'node:net';
import { plainError } from '../../transports/transportError.ts';
import {
  type ControlAnswer,
  ControlError,
  type ControlList,
  type ControlRequest,
  isControlList,
  Lines,
  LONGEST_ANSWER,
  parsed,
} from './controlMessages.ts';

/** A connection to the control socket of a running program. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #answers: ControlAnswer[] = [];
  #waiting: ((answer: ControlAnswer | undefined) => void) | undefined;
  #isOver = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new Lines(LONGEST_ANSWER);
    socket.on('data', (chunk) => {
      const read = lines.push(chunk)?.map(readAnswer);
      if (read === undefined || read.includes(undefined)) socket.destroy();
      else for (const answer of read) if (answer !== undefined) this.#received(answer);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#isOver = true;
      this.#waiting?.(undefined);
    });
  }

  /** @throws TransportError when nobody listens there, or the user may not */
  static async connect(path: string): Promise<ControlClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', (error) => reject(plainError(error, `unix:${path}`)));
    });
    return new ControlClient(socket);
  }

  /** @throws ControlError when the program refuses, or is gone */
  async ask(request: ControlRequest): Promise<Extract<ControlAnswer, { ok: true }>> {
    this.#socket.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#next();
    if (answer === undefined)
      throw new ControlError('PROGRAM_GONE', 'the program has ended, or this is not its socket');
    if (!answer.ok) throw new ControlError('REQUEST_REFUSED', answer.error);
    return answer;
  }

  /** The list now, and after each change, until the program ends or {@link close}. */
  async *watch(): AsyncGenerator<ControlList> {
    let answer: ControlAnswer | undefined = await this.ask({ do: 'watch' });
    while (answer?.ok === true && 'list' in answer) {
      yield answer.list;
      answer = await this.#next();
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  #received(answer: ControlAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#answers.push(answer);
    else waiting(answer);
  }

  /** Undefined: the connection is over. */
  #next(): Promise<ControlAnswer | undefined> {
    const answer = this.#answers.shift();
    if (answer !== undefined || this.#isOver) return Promise.resolve(answer);
    return new Promise((resolve) => (this.#waiting = resolve));
  }
}

/** Undefined for what is no answer. The list is believed: the socket is of this user, or of root. */
function readAnswer(line: string): ControlAnswer | undefined {
  const value = parsed(line);
  if (value === undefined) return undefined;
  const { ok, list, place, error, code } = value;
  if (ok === true && typeof place === 'number') return { ok, place };
  if (ok === true) return isControlList(list) ? { ok, list } : { ok };
  if (ok !== false || typeof error !== 'string') return undefined;
  return { ok, error, code: typeof code === 'string' ? code : null };
}
