import { expect } from 'chai';
import { Grading } from '../../src/conformance/grading.ts';
import { junitReport } from '../../src/conformance/junit.ts';
import { jsonReport, textReport } from '../../src/conformance/report.ts';
import { gradeAll, passed, type Report, type Requirement } from '../../src/conformance/suite.ts';
import { checkEqual, CheckFailure, NotApplicable } from '../../src/conformance/verdict.ts';
import { memoryPair } from '../../transports/memory.ts';
import { TurnClock } from '../turnClock.ts';

const requirement = (id: string, run: Requirement<Grading>['run']): Requirement<Grading> => ({
  id,
  title: `does <${id}> & "more"`,
  sections: [
    { document: 'MS-RDPEUSB', section: '1.1' },
    { document: 'USB 2.0', section: '9' },
  ],
  severity: 'MUST',
  run,
});

const message = Uint8Array.from({ length: 120 }, (_, index) => index);

const REQUIREMENTS: readonly Requirement<Grading>[] = [
  requirement('X01', () => Promise.resolve()),
  requirement('X02', () => Promise.reject(new NotApplicable('no <device>'))),
  requirement('X03', async (grading) => {
    await grading.connectLink();
    grading.log.message('received', 2, 'URB_COMPLETION', message);
    checkEqual<number>(18, 17, 'OutputBufferSize');
  }),
  requirement('X04', () => Promise.reject(new CheckFailure('a \u0001 in "text"'))),
  requirement('X05', () => Promise.reject(new TypeError('broken test'))),
];

describe('a report of a grading', () => {
  const clock = new TurnClock();
  const shown: string[] = [];
  let closed = 0;
  let report: Report;

  before(async () => {
    const connect = () => {
      const [peer, suite] = memoryPair();
      peer.start({ received: () => {}, drained: () => {}, closed: () => (closed += 1) });
      return Promise.resolve(suite);
    };
    report = await gradeAll(
      'client',
      REQUIREMENTS,
      () => new Grading('server', { clock, connect }),
      ({ id }) => shown.push(id),
    );
    await new Promise(setImmediate);
  });

  it('has a verdict for each requirement, in order, and closes what the tests opened', () => {
    expect(report.results.map(({ verdict }) => verdict.outcome)).to.deep.equal([
      'pass',
      'notApplicable',
      'fail',
      'fail',
      'fail',
    ]);
    expect(shown).to.deep.equal(['X01', 'X02', 'X03', 'X04', 'X05']);
    expect(closed).to.equal(1);
    expect(passed(report)).to.equal(false);
    expect(passed({ ...report, results: report.results.slice(0, 2) })).to.equal(true);
  });

  it('is text for people: why, and the bytes of the last messages, not all of long ones', () => {
    expect(textReport(report).split('\n')).to.deep.equal([
      'pass  X01  does <X01> & "more" ([MS-RDPEUSB] 1.1, [USB 2.0] 9)',
      'n/a   X02  does <X02> & "more" ([MS-RDPEUSB] 1.1, [USB 2.0] 9): no <device>',
      'FAIL  X03  does <X03> & "more" ([MS-RDPEUSB] 1.1, [USB 2.0] 9)',
      '      OutputBufferSize is 18 (0x12), must be 17 (0x11)',
      '           0 ms -- connected to memory:left',
      `           0 ms <- channel 2 URB_COMPLETION (120) ${Buffer.from(message.subarray(0, 96)).toString('hex')}...`,
      'FAIL  X04  does <X04> & "more" ([MS-RDPEUSB] 1.1, [USB 2.0] 9)',
      '      a \u0001 in "text"',
      'FAIL  X05  does <X05> & "more" ([MS-RDPEUSB] 1.1, [USB 2.0] 9)',
      '      the test itself failed: TypeError: broken test',
      '',
      'client: 1 passed, 3 failed, 1 not applicable',
      '',
    ]);
  });

  it('is JSON for programs, with all bytes', () => {
    const json = JSON.parse(jsonReport(report)) as { results: Record<string, unknown>[] };
    expect(json).to.include({ graded: 'client', passed: 1, failed: 3, notApplicable: 1 });
    expect(json.results[1]).to.deep.equal({
      id: 'X02',
      title: 'does <X02> & "more"',
      sections: ['[MS-RDPEUSB] 1.1', '[USB 2.0] 9'],
      severity: 'MUST',
      duration: 0,
      outcome: 'notApplicable',
      reason: 'no <device>',
    });
    const { exchange } = json.results[2] as { exchange: object[] };
    expect(exchange[1]).to.deep.equal({
      time: 0,
      direction: 'received',
      channelId: 2,
      text: 'URB_COMPLETION',
      hex: Buffer.from(message).toString('hex'),
    });
  });

  it('is JUnit XML for build servers, with nothing in it that XML cannot hold', () => {
    const lines = junitReport(report).split('\n');
    expect(lines[0]).to.equal('<?xml version="1.0" encoding="UTF-8"?>');
    expect(lines[1]).to.equal(
      '<testsuite name="urbdrc conformance client" tests="5" failures="3" skipped="1" time="0.000">',
    );
    expect(lines[2]).to.equal(
      '<testcase classname="urbdrc.client" name="X01 does &lt;X01&gt; &amp; &quot;more&quot; ([MS-RDPEUSB] 1.1, [USB 2.0] 9)" time="0.000"/>',
    );
    expect(lines[3]).to.match(/<skipped message="no &lt;device&gt;"\/><\/testcase>$/);
    expect(lines[4]).to.match(/<failure message="OutputBufferSize is 18 \(0x12\), must be 17 \(0x11\)"> +0 ms -- conn/);
    expect(lines[5]).to.match(/ URB_COMPLETION \(120\) 000102.*<\/failure><\/testcase>$/);
    expect(lines[6]).to.match(/message="a \? in &quot;text&quot;"/);
    expect(lines.at(-2)).to.equal('</testsuite>');
    const open = lines.join('').match(/<[a-z]+[^/>]*>/g) ?? [];
    const close = lines.join('').match(/<\/[a-z]+>/g) ?? [];
    expect(open.length).to.equal(close.length);
  });

  it('says that there was no connection', async () => {
    const connect = () => Promise.reject(new Error('nobody is there'));
    const connecting = requirement('X06', async (grading) => {
      await grading.connect();
    });
    const refused = await gradeAll('server', [connecting], () => new Grading('client', { clock, connect }));
    expect(textReport(refused)).to.include('no connection: nobody is there');
  });
});
