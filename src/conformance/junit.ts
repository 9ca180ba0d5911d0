import { entryText, countVerdicts } from './report.ts';
import type { Report, Result } from './suite.ts';

/** The report as JUnit XML, which build servers read: a test case a requirement; what was not judged is skipped. */
export function junitReport(report: Report): string {
  const { failed, notApplicable, notJudged } = countVerdicts(report);
  const seconds = report.results.reduce((sum, { duration }) => sum + duration, 0) / 1000;
  const attributes = {
    name: `urbdrc conformance ${report.graded}`,
    tests: String(report.results.length),
    failures: String(failed),
    skipped: String(notApplicable + notJudged),
    time: seconds.toFixed(3),
  };
  const cases = report.results.map((result) => testCase(report.graded, result));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuite', attributes, `\n${cases.join('\n')}\n`),
    '',
  ].join('\n');
}

function testCase(graded: string, { id, title, sections, verdict, duration }: Result): string {
  const attributes = {
    classname: `urbdrc.${graded}`,
    name: `${id} ${title} (${sections.join(', ')})`,
    time: (duration / 1000).toFixed(3),
  };
  switch (verdict.outcome) {
    case 'pass':
      return element('testcase', attributes);
    case 'notApplicable':
    case 'notJudged':
      return element('testcase', attributes, element('skipped', { message: verdict.reason }));
    case 'fail': {
      const exchange = escape(verdict.exchange.map(entryText).join('\n'));
      return element('testcase', attributes, element('failure', { message: verdict.reason }, exchange));
    }
  }
}

/** `content` is XML already. */
function element(name: string, attributes: Readonly<Record<string, string>>, content = ''): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`);
  return content === '' ? `<${name}${head.join('')}/>` : `<${name}${head.join('')}>${content}</${name}>`;
}

/** Text for XML 1.0, in which most control characters cannot be written at all. */
function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd]/gu, '?');
}
