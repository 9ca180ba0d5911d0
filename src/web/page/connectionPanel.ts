import type { ConnectionState } from '../model/pageSession.ts';
import { button, element, find, setText } from './dom.ts';

export interface ConnectionActions {
  readonly connect: (token: string) => void;
  readonly disconnect: () => void;
}

/** What there is to see of a connection. */
export interface ConnectionView {
  readonly name: ConnectionState['name'];
  /** Why there is none. */
  readonly problem?: string | undefined;
}

/** Whether there is a connection, as whom and where to, and what to do about it. */
export class ConnectionPanel {
  readonly node: HTMLElement;
  readonly #status = find('status');
  readonly #form: HTMLFormElement;
  readonly #token = element('input', { type: 'password', id: 'token', autocomplete: 'off', required: true });
  readonly #connect = element('button', { type: 'submit', class: 'primary' }, 'Connect');
  readonly #problem = element('p', { class: 'notice', role: 'alert', hidden: true });
  readonly #open: HTMLElement;
  readonly #facts = element('p');

  constructor({ connect, disconnect }: ConnectionActions) {
    const label = element(
      'label',
      { for: 'token' },
      'Token, from whoever runs this gateway. It is good for one connection.',
    );
    this.#form = element('form', { class: 'row' }, label, this.#token, this.#connect);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = this.#token.value.trim();
      this.#token.value = '';
      connect(token);
    });
    this.#open = element('div', { class: 'row' }, this.#facts, button('Disconnect', disconnect));
    this.node = element('div', {}, this.#problem, this.#form, this.#open);
  }

  /** @param facts - as whom and where to, where there is a connection */
  update({ name, problem }: ConnectionView, facts: string): void {
    const isOpen = name === 'connected';
    this.#form.hidden = isOpen;
    this.#open.hidden = !isOpen;
    this.#connect.disabled = name !== 'apart';
    this.#problem.hidden = problem === undefined;
    setText(this.#problem, problem === undefined ? '' : `${problem}.`);
    setText(this.#facts, facts);
    setText(this.#status, STATUS[name]);
    this.#status.dataset['state'] = name;
  }
}

const STATUS: Readonly<Record<ConnectionState['name'], string>> = {
  apart: 'Not connected',
  connecting: 'Connecting',
  connected: 'Connected',
};
