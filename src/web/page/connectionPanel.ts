import type { ConnectionState } from '../model/pageSession.ts';
import { button, element, find, setText } from './dom.ts';
import { TokenForm } from './tokenForm.ts';

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
  readonly #form: TokenForm;
  readonly #problem = element('p', { class: 'notice', role: 'alert', hidden: true });
  readonly #open: HTMLElement;
  readonly #facts = element('p');

  constructor({ connect, disconnect }: ConnectionActions) {
    const label = 'Token, from whoever runs this gateway. It is good for one connection.';
    this.#form = new TokenForm('token', label, 'Connect', connect);
    this.#open = element('div', { class: 'row' }, this.#facts, button('Disconnect', disconnect));
    this.node = element('div', {}, this.#problem, this.#form.node, this.#open);
  }

  /** @param facts - as whom and where to, where there is a connection */
  update({ name, problem }: ConnectionView, facts: string): void {
    const isOpen = name === 'connected' || name === 'interrupted';
    this.#form.update({ isShown: !isOpen, isBusy: name !== 'apart' });
    this.#open.hidden = !isOpen;
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
  interrupted: 'Lost, trying again',
};
