import { RATE_SECONDS, type Second } from '../model/rates.ts';
import { element, setText } from './dom.ts';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 60;

/** One line of a plot. */
interface Line {
  readonly path: SVGPathElement;
  readonly value: (second: Second) => number | undefined;
}

interface ChartText {
  /** One for each line, with its colour before it. */
  readonly lines: readonly string[];
  readonly rest: string;
}

/** A minute of one or two values, drawn as lines from the left, a minute ago, to the right. */
class Chart {
  readonly figure: HTMLElement;
  readonly #svg: SVGSVGElement;
  readonly #lines: readonly Line[];
  readonly #keys: readonly HTMLElement[];
  readonly #rest = element('span');
  readonly #textFor: (seconds: readonly Second[], most: number) => ChartText;

  constructor(values: readonly Line['value'][], textFor: (seconds: readonly Second[], most: number) => ChartText) {
    this.#textFor = textFor;
    this.#svg = document.createElementNS(SVG, 'svg');
    this.#svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute('preserveAspectRatio', 'none');
    // The text says what there is to see.
    this.#svg.setAttribute('aria-hidden', 'true');
    this.#lines = values.map((value, index) => {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('class', `line line-${index}`);
      this.#svg.prepend(path);
      return { path, value };
    });
    this.#keys = values.map((_, index) => element('span', { class: `key key-${index}` }));
    this.figure = element('figure', {}, element('figcaption', {}, ...this.#keys, this.#rest), this.#svg);
  }

  draw(seconds: readonly Second[]): void {
    const values = this.#lines.flatMap(({ value }) => seconds.map((second) => value(second) ?? 0));
    const most = Math.max(...values);
    for (const { path, value } of this.#lines) path.setAttribute('d', pathOf(seconds.map(value), most));
    const { lines, rest } = this.#textFor(seconds, most);
    for (const [index, key] of this.#keys.entries()) setText(key, lines[index] ?? '');
    setText(this.#rest, rest);
  }
}

/** Live rates of a device, and latencies where they are known. */
export class Plot {
  readonly #rate = new Chart([({ bytesIn }) => bytesIn, ({ bytesOut }) => bytesOut], (seconds, most) => {
    const { bytesIn = 0, bytesOut = 0 } = seconds.at(-1) ?? {};
    const lines = [`${rateText(bytesIn)} from the device`, `${rateText(bytesOut)} to it`];
    return { lines, rest: `at most ${rateText(most)}` };
  });
  readonly #latency = new Chart([({ latency }) => latency], (seconds, most) => {
    const last = seconds.findLast(({ latency }) => latency !== undefined)?.latency;
    if (last === undefined) return { lines: ['no request in the last minute'], rest: '' };
    return { lines: [`${timeText(last)} for a request`], rest: `at most ${timeText(most)}` };
  });
  readonly node = element('div', { class: 'plots' }, this.#rate.figure);

  constructor(hasLatency: boolean) {
    if (hasLatency) this.node.append(this.#latency.figure);
  }

  draw(seconds: readonly Second[]): void {
    this.#rate.draw(seconds);
    this.#latency.draw(seconds);
  }
}

/** Steps; a gap where there is no value. */
function pathOf(values: readonly (number | undefined)[], most: number): string {
  let path = '';
  let isOpen = false;
  const step = WIDTH / RATE_SECONDS;
  for (const [index, value] of values.entries()) {
    if (value === undefined) {
      isOpen = false;
      continue;
    }
    const y = most === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / most) * (HEIGHT - 2);
    path += `${isOpen ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}H${((index + 1) * step).toFixed(1)}`;
    isOpen = true;
  }
  return path;
}

/** Bytes a second. */
export function rateText(bytes: number): string {
  return `${sizeText(bytes)}/s`;
}

export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${value < 10 && index > 0 ? value.toFixed(1) : Math.round(value)} ${units[index] ?? ''}`;
}

function timeText(milliseconds: number): string {
  if (milliseconds < 0.1) return 'under 0.1 ms';
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}
