import type { EventLog, LogEntry } from '../model/eventLog.ts';
import { element, find } from './dom.ts';

/** The log, as a list: entries that are there already are not made again. */
export class LogPanel {
  readonly #log: EventLog;
  readonly #list = find('log');
  readonly #rows = new Map<number, { readonly entry: LogEntry; readonly row: HTMLElement }>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  update(): void {
    const { entries } = this.#log;
    const kept = new Set(entries.map(({ id }) => id));
    for (const [id, { row }] of this.#rows) {
      if (kept.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const entry of [...entries].reverse()) {
      const known = this.#rows.get(entry.id);
      if (known?.entry === entry) continue;
      const row = rowFor(entry);
      if (known === undefined) this.#list.prepend(row);
      else known.row.replaceWith(row);
      this.#rows.set(entry.id, { entry, row });
    }
  }
}

function rowFor({ time, about, sentence, times }: LogEntry): HTMLElement {
  const clock = element('time', { datetime: time.toISOString() }, time.toLocaleTimeString());
  const name = about === undefined ? undefined : element('b', {}, `${about}: `);
  return element('li', {}, clock, element('span', {}, name, sentence, times > 1 ? ` (${times} times)` : undefined));
}
