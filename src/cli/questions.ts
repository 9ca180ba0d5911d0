import { createInterface, type Interface } from 'node:readline';
import type { HubQuestion, Person } from '../hub/hubDevice.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

interface OpenQuestion {
  readonly number: number;
  readonly text: string;
  answer(isYes: boolean): void;
}

/** `y`, `no`, `2 y`: an answer, and the number of the question where it is given. */
const ANSWER = /^\s*(?:(?<number>\d+)\s+)?(?<isYes>y(?:es)?|n(?:o)?)?\s*$/i;

/**
 * The names and the serial number of a device, for a question: ` ("QEMU" "USB DISK", serial number "1")`, or nothing. The
 * device chose them; in quotes they cannot pass for words of the question.
 */
export function quotedNames({ manufacturerName, productName, serialNumber }: UsbDeviceIdentity): string {
  const quoted = (text: string | undefined) => (text === undefined || text === '' ? [] : [JSON.stringify(text)]);
  const names = [...quoted(manufacturerName), ...quoted(productName)].join(' ');
  const serial = quoted(serialNumber).map((text) => `serial number ${text}`);
  const details = [...(names === '' ? [] : [names]), ...serial].join(', ');
  return details === '' ? '' : ` (${details})`;
}

/**
 * Asks the person at the terminal, one question at a time. Questions have numbers: where one is withdrawn, what the person
 * types just then was meant for it, so that the next one wants its number with the answer.
 */
export class Questions implements Person {
  readonly #context: ProgramContext;
  readonly #terminal: Terminal;
  readonly #phrase: (question: HubQuestion) => string;
  readonly #waiting: OpenQuestion[] = [];
  #lines: Interface | undefined;
  #isClosed = false;
  #lastNumber = 0;
  #needsNumber = false;

  constructor(context: ProgramContext, terminal: Terminal, phrase: (question: HubQuestion) => string) {
    this.#context = context;
    this.#terminal = terminal;
    this.#phrase = phrase;
  }

  get unavailable(): string | undefined {
    return this.#context.stdin.isTTY === true && !this.#isClosed ? undefined : 'there is no terminal to ask at';
  }

  /** Resolves with the answer: no, when nobody can be asked, or when `withdrawn` is aborted before. Never rejects. */
  ask(question: HubQuestion, withdrawn: AbortSignal): Promise<boolean> {
    if (this.unavailable !== undefined || withdrawn.aborted) return Promise.resolve(false);
    this.#lines ??= this.#listen();
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    return new Promise((resolve) => {
      const settle = (isYes: boolean) => {
        withdrawn.removeEventListener('abort', withdraw);
        const position = this.#waiting.indexOf(open);
        this.#waiting.splice(position, 1);
        resolve(isYes);
        if (position === 0) this.#show();
      };
      const withdraw = () => {
        if (this.#waiting[0] === open) {
          this.#terminal.warn(`question ${number} is withdrawn: the device is gone`, { event: 'question' });
          this.#needsNumber = true;
        }
        settle(false);
      };
      const open: OpenQuestion = { number, text: this.#phrase(question), answer: settle };
      withdrawn.addEventListener('abort', withdraw);
      this.#waiting.push(open);
      if (this.#waiting.length === 1) this.#show();
    });
  }

  /** Answers what is open with no, and lets go of the terminal. */
  close(): void {
    this.#isClosed = true;
    for (const question of this.#waiting.splice(1)) question.answer(false);
    this.#waiting[0]?.answer(false);
    this.#lines?.close();
  }

  #listen(): Interface {
    const lines = createInterface({ input: this.#context.stdin });
    lines.on('line', (line) => this.#answered(line));
    lines.on('close', () => {
      if (!this.#isClosed) this.close();
    });
    return lines;
  }

  #answered(line: string): void {
    const [question] = this.#waiting;
    if (question === undefined) return;
    const { number, isYes } = ANSWER.exec(line)?.groups ?? {};
    const isMeant = number === undefined ? !this.#needsNumber : Number(number) === question.number;
    if (!isMeant) {
      this.#terminal.warn(
        `that was no answer to question ${question.number}: type ${question.number} y, or ${question.number} n`,
        { event: 'question' },
      );
      return;
    }
    question.answer(isYes !== undefined && /^y/i.test(isYes));
  }

  #show(): void {
    const [question] = this.#waiting;
    if (question === undefined) {
      this.#needsNumber = false;
      return;
    }
    const { number, text } = question;
    const answers = this.#needsNumber ? `[${number} y / ${number} N]` : '[y/N]';
    this.#terminal.warn(`[${number}] ${text} ${answers}`, { event: 'question' });
  }
}
