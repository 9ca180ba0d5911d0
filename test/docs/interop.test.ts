import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { decodeClientMessage, decodeServerMessage } from '../../codecs/urbdrc/decode.ts';
import { decodeErrorOf } from '../codecs/vectors.ts';
import { captureFiles, loadCaptures, scenarioOf, type Capture } from '../codecs/urbdrc/captures.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/interop.md`, 'utf8');

/** The lines of a capture's file, from 1. */
function linesOf(path: string): string[] {
  return ['', ...readFileSync(path, 'utf8').trim().split('\n')];
}

/** `scenario:line` of each client message that a strict decoder, which knows what went before, refuses. */
function refusals(capture: Capture): string[] {
  const functions = new Map<string, number>();
  const registered = new Map<number, number>();
  return capture.messages.flatMap(({ from, channel, bytes, line }) => {
    if (from === 'server') {
      decodeErrorOf(() => {
        const message = decodeServerMessage(bytes, { lenient: true });
        if ('tsUrb' in message) functions.set(`${channel}:${message.tsUrb.requestId}`, message.tsUrb.urbFunction);
        if (message.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion !== undefined) {
          registered.set(channel, message.requestCompletion);
        }
      });
      return [];
    }
    const requestCompletion = registered.get(channel);
    const context = {
      ...(requestCompletion === undefined ? {} : { requestCompletion }),
      urbFunction: (requestId: number) => functions.get(`${channel}:${requestId}`),
    };
    const error = decodeErrorOf(() => decodeClientMessage(bytes, context));
    return error === undefined ? [] : [`${capture.scenario}:${line}`];
  });
}

describe('docs/interop.md', () => {
  const captures = loadCaptures();
  const files = new Map(captureFiles().map((path) => [scenarioOf(path), linesOf(path)]));
  const citations = (text: string) =>
    [...text.matchAll(/(?<![\w.-])((?:[\d.]+-|ironrdp-[a-z]+-)?[a-zA-Z]+(?:\.2)?):(\d+)\b/g)].flatMap(
      ([whole, scenario = '', line]) => {
        const content = files.get(scenario)?.[Number(line)];
        return files.has(scenario) ? [{ whole, content }] : [];
      },
    );

  it('names every message of the client that a strict decoder refuses', () => {
    const refused = captures.flatMap(refusals);
    expect(refused).to.have.length.above(0);
    const cited = new Set(citations(PAGE).map(({ whole }) => whole));
    expect(refused.filter((each) => !cited.has(each))).to.deep.equal([]);
  });

  it('cites lines that exist', () => {
    const all = citations(PAGE);
    expect(all).to.have.length.above(100);
    expect(all.filter(({ content }) => content === undefined)).to.deep.equal([]);
  });

  it('quotes bytes that stand in a line cited beside them', () => {
    const wrong: string[] = [];
    let quotes = 0;
    for (const row of PAGE.split('\n')) {
      const cited = citations(row).map(({ content = '{}' }) => (JSON.parse(content) as { hex?: string }).hex ?? '');
      for (const [, span = ''] of row.matchAll(/`([0-9a-f ]{6,})`/g)) {
        quotes += 1;
        if (!cited.some((hex) => hex.includes(span.replaceAll(' ', '')))) wrong.push(span);
      }
    }
    expect(quotes).to.be.above(20);
    expect(wrong).to.deep.equal([]);
  });
});
