import { createInterface, type Interface } from 'node:readline';
import type { Surroundings } from './surroundings.ts';
import type { Terminal } from './terminal.ts';

interface Question {
  readonly text: string;
  answer(isYes: boolean): void;
}

/** Asks the person at the terminal, one question at a time. */
export class Questions {
  readonly #around: Surroundings;
  readonly #terminal: Terminal;
  readonly #waiting: Question[] = [];
  #lines: Interface | undefined;
  #isClosed = false;

  constructor(around: Surroundings, terminal: Terminal) {
    this.#around = around;
    this.#terminal = terminal;
  }

  /** Whether there is anybody to ask. */
  get canAsk(): boolean {
    return this.#around.stdin.isTTY === true && !this.#isClosed;
  }

  /** Resolves with the answer: no, when nobody can be asked, or when `withdrawn` is aborted before. Never rejects. */
  ask(text: string, withdrawn: AbortSignal): Promise<boolean> {
    if (!this.canAsk || withdrawn.aborted) return Promise.resolve(false);
    this.#lines ??= this.#listen();
    return new Promise((resolve) => {
      const settle = (isYes: boolean) => {
        withdrawn.removeEventListener('abort', withdraw);
        const position = this.#waiting.indexOf(question);
        this.#waiting.splice(position, 1);
        resolve(isYes);
        if (position === 0) this.#show();
      };
      const withdraw = () => settle(false);
      const question: Question = { text, answer: settle };
      withdrawn.addEventListener('abort', withdraw);
      this.#waiting.push(question);
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
    const lines = createInterface({ input: this.#around.stdin });
    lines.on('line', (line) => this.#waiting[0]?.answer(/^\s*y(es)?\s*$/i.test(line)));
    lines.on('close', () => {
      if (!this.#isClosed) this.close();
    });
    return lines;
  }

  #show(): void {
    const [question] = this.#waiting;
    if (question !== undefined) this.#terminal.say(`${question.text} [y/N]`);
  }
}
