import { toHex } from '../../codecs/core/json.ts';
import type { ExchangeEntry } from './exchangeLog.ts';
import type { Report, Result } from './suite.ts';

/** Bytes of a message that are printed for people; the other formats have all. */
const SHOWN_BYTES = 96;

const ARROWS = { sent: '->', received: '<-', note: '--' } as const;
const WORDS = { pass: 'pass', fail: 'FAIL', notApplicable: 'n/a ', notJudged: 'skip' } as const;

/** How many results each verdict has. */
export function countVerdicts(report: Report): {
  passed: number;
  failed: number;
  notApplicable: number;
  notJudged: number;
} {
  const count = (outcome: Result['verdict']['outcome']) =>
    report.results.filter(({ verdict }) => verdict.outcome === outcome).length;
  return {
    passed: count('pass'),
    failed: count('fail'),
    notApplicable: count('notApplicable'),
    notJudged: count('notJudged'),
  };
}

/** One result for people: a line, and for a failure the reason and the last messages. */
export function resultText(result: Result): string {
  const { id, title, sections, verdict } = result;
  const line = `${WORDS[verdict.outcome]}  ${id}  ${title} (${sections.join(', ')})`;
  switch (verdict.outcome) {
    case 'pass':
      return line;
    case 'notApplicable':
    case 'notJudged':
      return `${line}: ${verdict.reason}`;
    case 'fail':
      return [line, `      ${verdict.reason}`, ...verdict.exchange.map((entry) => `      ${entryText(entry)}`)].join(
        '\n',
      );
  }
}

/** The last line of a text report. */
export function summaryText(report: Report): string {
  const { passed, failed, notApplicable, notJudged } = countVerdicts(report);
  const unjudged = notJudged === 0 ? '' : `, ${notJudged} not judged`;
  return `${report.graded}: ${passed} passed, ${failed} failed, ${notApplicable} not applicable${unjudged}`;
}

/** For people. */
export function textReport(report: Report): string {
  return [...report.results.map(resultText), '', summaryText(report), ''].join('\n');
}

/** For programs: the report as it is, bytes as hex. */
export function jsonReport(report: Report): string {
  const results = report.results.map(({ verdict, duration, ...rest }) => ({
    ...rest,
    duration: Math.round(duration),
    ...(verdict.outcome === 'fail' ? { ...verdict, exchange: verdict.exchange.map(entryJson) } : verdict),
  }));
  return `${JSON.stringify({ graded: report.graded, ...countVerdicts(report), results }, null, 2)}\n`;
}

/** One line of an exchange: time, direction (`->` is sent by the suite), channel, name and bytes. */
export function entryText({ time, direction, channelId, text, bytes }: ExchangeEntry): string {
  const channel = channelId === undefined ? '' : ` channel ${channelId}`;
  const head = `${Math.round(time).toString().padStart(6)} ms ${ARROWS[direction]}${channel} ${text}`;
  if (bytes === undefined) return head;
  const rest = bytes.byteLength > SHOWN_BYTES ? '...' : '';
  return `${head} (${bytes.byteLength}) ${toHex(bytes.subarray(0, SHOWN_BYTES))}${rest}`;
}

function entryJson({ time, direction, channelId, text, bytes }: ExchangeEntry) {
  return {
    time: Math.round(time),
    direction,
    ...(channelId !== undefined && { channelId }),
    text,
    ...(bytes !== undefined && { hex: toHex(bytes) }),
  };
}
