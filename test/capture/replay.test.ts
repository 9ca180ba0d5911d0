import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readCapture, type RecordedSession } from '../../src/capture/readCapture.ts';
import type { ReplayNote, ReplayReport } from '../../src/capture/replay/replayReport.ts';
import { replaySession } from '../../src/capture/replay/replaySession.ts';
import { captureFiles, scenarioOf } from '../codecs/urbdrc/captures.ts';
import { inFolder, recordedRedirection } from './redirection.ts';

function readSession(path: string): RecordedSession {
  const [session] = readCapture(readFileSync(path, 'utf8').split('\n'));
  if (session === undefined) throw new Error(`${path} is empty`);
  return session;
}

/** Whole sessions of real peers, by scenario. */
const CAPTURES = new Map(captureFiles().map((path) => [scenarioOf(path), readSession(path)]));

type Outcome = 'ignored' | 'closed' | 'skipped' | 'differing' | 'additional';

/** Lines of one scenario that do not simply go through: outcome, lines, and why. */
type Exceptions = Readonly<Record<string, readonly (readonly [Outcome, readonly number[], string])[]>>;

const NO_EXCHANGE = 'the recorded server left out the capability exchange, which ours does not';
const CANCEL = 'CANCEL_REQUEST for a request that has ended or never was; ours has nothing to cancel';
const WRONG = 'malformed on purpose: our engine can neither be made to send it nor to take it';
const RETRACTED = 'after RETRACT_DEVICE, which ends the channel here and nothing at FreeRDP';
const NO_TEXT = 'FreeRDP does not answer a LocaleId beyond 16 bits (errors:41), and 30 s later the channel is closed';

/** Every second line from `first` to `last`. */
const alternating = (first: number, last: number): number[] =>
  Array.from({ length: (last - first) / 2 + 1 }, (_, index) => first + 2 * index);

/** Our server in place of the recorded one, the recorded client's messages given to it. */
const SERVER_EXCEPTIONS: Exceptions = {
  errors: [
    ['differing', [67, 71, 75], CANCEL],
    ['closed', [99], NO_TEXT],
    ['skipped', [102, 106, 110, 114, 118, 122, 125, 127, 131, 134, 139, 141, 143, 145, 148, 151, 153, 156], NO_TEXT],
    ['differing', [101, 104, 105, 109, 113, 117, 120, 121, 124, 126, 129, 130, 136, 138], NO_TEXT],
    ['differing', [140, 142, 144, 147, 150, 152, 155], NO_TEXT],
    ['differing', [100, 108, 112, 116, 133], WRONG],
  ],
  extraChannel: [
    ['differing', [44], 'a request on a channel without a device'],
    ['ignored', [45], 'its answer'],
  ],
  'ironrdp-server-audio': [
    ['additional', [12], NO_EXCHANGE],
    ['differing', [...alternating(13, 17), 18, ...alternating(19, 67), ...alternating(68, 88)], NO_EXCHANGE],
    ['ignored', [14, 16, ...alternating(20, 66), ...alternating(69, 87)], NO_EXCHANGE],
  ],
  keyboard: [
    ['differing', [96], RETRACTED],
    ['ignored', [97], RETRACTED],
  ],
  noRegister: [
    ['ignored', [6, 11, 14, 16, 18, 20, 22, 24, 26, 30, 34, 38], NO_EXCHANGE],
    ['closed', [39, 39], NO_EXCHANGE],
    ['differing', [5, 10, 13, 15, 17, 19, 21, 23, 25, 28, 29, 32, 33, 36, 37], NO_EXCHANGE],
    ['additional', [4, 9], NO_EXCHANGE],
  ],
  noRelease: [
    ['differing', [22], 'a second RIMCALL_RELEASE on the control channel'],
    ['ignored', [23], 'for which FreeRDP announces its device there'],
  ],
  serial: [['differing', [59, 61, 101, 134], CANCEL]],
  stall: [['differing', [41, 43, 45, 53, 55, 56, 60, 63, 69, 70, 116], CANCEL]],
  shortCaps: [['differing', [35], WRONG]],
  shortCreated: [['differing', [35], WRONG]],
  shortMessage: [['differing', [35], WRONG]],
  storage: [
    ['differing', [141], RETRACTED],
    ['ignored', [142], RETRACTED],
  ],
  two: [
    ['differing', [74], 'a request for the device of another channel'],
    ['ignored', [75], 'its answer, on the completion interface of that channel'],
  ],
  unknownCaps: [['differing', [35], WRONG]],
  unknownNotify: [['differing', [35], WRONG]],
  unregister: [
    ['differing', [37], 'REGISTER_REQUEST_CALLBACK without RequestCompletion, which our server does not use'],
    ['differing', [42], WRONG],
  ],
};

const ECHO = 'FreeRDP answers OUT with URB_COMPLETION and the data, our client with URB_COMPLETION_NO_DATA';
const DUPLICATE = 'a RequestId that is still in use: our client drops the request, FreeRDP answers it';

/** Our client in place of FreeRDP, the recorded server's messages given to it. */
const CLIENT_EXCEPTIONS: Exceptions = {
  audio: [['differing', [49], ECHO]],
  closeControl: [['additional', [46], 'our channel replays announce a device, FreeRDP had none left']],
  control: [['differing', [97, 151, 189], ECHO]],
  errors: [
    ['additional', [41], 'FreeRDP does not answer a LocaleId beyond 16 bits'],
    ['ignored', [100, 108, 112, 116, 133], WRONG],
    ['additional', [104], 'RIMCALL_QUERYINTERFACE gets its failure from us, and nothing from FreeRDP'],
    ['ignored', [124], 'a request with the mask of a response'],
    ['differing', [125], 'which FreeRDP answers'],
    ['differing', [134], 'FreeRDP answers the malformed request of line 133'],
    ['differing', [139, 151], ECHO],
    ['additional', [153], 'NoAck where it is not allowed (line 136): refused here, answered by FreeRDP with silence'],
  ],
  'ironrdp-client-strict': [['additional', [13], 'IronRDP ends the connection instead of answering']],
  extraChannel: [
    ['additional', [42], 'our channel replays announce a device, FreeRDP had none left'],
    ['ignored', [44], 'a request before REGISTER_REQUEST_CALLBACK'],
    ['differing', [45], 'which FreeRDP answers'],
  ],
  keyboard: [
    ['differing', [49], ECHO],
    ['skipped', [96], RETRACTED],
    ['differing', [97], RETRACTED],
  ],
  noRegister: [
    ['ignored', [13, 15, 17, 19, 21, 23, 25, 28, 29, 32, 33, 36, 37], NO_EXCHANGE],
    ['differing', [6, 11, 14, 16, 18, 20, 22, 24, 26, 30, 34, 38], NO_EXCHANGE],
  ],
  noRelease: [
    ['additional', [21], 'without a release our client announces after releaseWait, FreeRDP waits'],
    ['differing', [23], 'FreeRDP announces its device on the control channel after a second release there'],
  ],
  'reconnect.2': [['differing', [35], ECHO]],
  reconnect: [['differing', [35], ECHO]],
  serveKilled: [['differing', [40, 46, 50, 56], ECHO]],
  serveRead: [['differing', [40, 46, 50, 56], ECHO]],
  serveReplug: [['differing', [40, 46, 50, 56, 62, 95, 101, 105, 111], ECHO]],
  serveTwo: [['differing', [69, 75, 79, 86, 92, 102, 108], ECHO]],
  serial: [
    ['differing', [53], ECHO],
    ['ignored', [82], DUPLICATE],
    ['differing', [86], DUPLICATE],
  ],
  shortCaps: [['ignored', [35], WRONG]],
  shortCreated: [['ignored', [35], WRONG]],
  shortMessage: [['ignored', [35], WRONG]],
  stall: [
    ['ignored', [66], DUPLICATE],
    ['differing', [68], DUPLICATE],
    ['differing', [73, 101], ECHO],
  ],
  storage: [
    ['differing', [52, 58, 62, 68, 75, 82, 89, 96, 103, 110, 112, 117, 126, 131, 136], ECHO],
    ['skipped', [141], RETRACTED],
    ['differing', [142], RETRACTED],
  ],
  two: [
    ['differing', [61, 67, 81], ECHO],
    ['ignored', [74], 'a request for the device of another channel'],
    ['differing', [75], 'which FreeRDP answers'],
  ],
  unknownCaps: [['ignored', [35], WRONG]],
  unknownNotify: [['ignored', [35], WRONG]],
  unplug: [['differing', [130], ECHO]],
  unregister: [
    ['ignored', [39], 'a request after REGISTER_REQUEST_CALLBACK without RequestCompletion'],
    ['differing', [40], 'which FreeRDP answers'],
    ['ignored', [42], WRONG],
  ],
};

const OUTCOMES = ['ignored', 'closed', 'skipped', 'differing', 'additional'] as const;

function exceptionsIn(report: ReplayReport): string[] {
  return OUTCOMES.flatMap((outcome) => report[outcome].map(({ line }) => `${outcome} ${line}`)).sort();
}

function expectedOf(exceptions: Exceptions, scenario: string): string[] {
  return (exceptions[scenario] ?? []).flatMap(([outcome, lines]) => lines.map((line) => `${outcome} ${line}`)).sort();
}

describe('replay of what FreeRDP and IronRDP put on the wire', () => {
  for (const [role, exceptions] of [
    ['server', SERVER_EXCEPTIONS],
    ['client', CLIENT_EXCEPTIONS],
  ] as const) {
    for (const [scenario, session] of CAPTURES) {
      it(`our ${role} in the session ${scenario}: takes every message, except those that are explained`, () => {
        const report = replaySession(session, role);
        expect(exceptionsIn(report)).to.deep.equal(expectedOf(exceptions, scenario));
        expect(report.given).to.equal(report.accepted + report.ignored.length + closedByMessages(report).length);
      });
    }

    it(`our ${role} is explained for scenarios that exist`, () => {
      expect([...CAPTURES.keys()]).to.include.members(Object.keys(exceptions));
    });
  }

  it('has sessions that our own server led: nothing in them needs an explanation', () => {
    const own = [...CAPTURES.keys()].filter((scenario) => /^serve|^3|^ironrdp-client/.test(scenario));
    expect(own).to.have.length.above(20);
    expect(own.filter((scenario) => scenario in SERVER_EXCEPTIONS)).to.deep.equal([]);
    for (const scenario of own) expect(CAPTURES.get(scenario)?.header.role, scenario).to.equal('server');
  });

  it('is the same every time', () => {
    for (const session of CAPTURES.values()) {
      expect(replaySession(session, 'server')).to.deep.equal(replaySession(session, 'server'));
    }
  });

  it('takes and says nearly everything, except where a scenario is about faults', () => {
    const reports = [...CAPTURES.values()].map((session) => replaySession(session, 'server'));
    const sum = (count: (report: ReplayReport) => number) => reports.map(count).reduce((left, right) => left + right);
    expect(sum(({ given }) => given)).to.be.above(600);
    expect(sum(({ accepted }) => accepted)).to.be.above(600);
    expect(sum(({ agreeing }) => agreeing)).to.be.above(700);
  });
});

/** Those that a message caused; a timer is no message. */
function closedByMessages({ closed }: ReplayReport): ReplayNote[] {
  return closed.filter(({ name }) => name !== 'timer');
}

describe('replay of our own captures', () => {
  it('both roles of both ends agree with the recording, message for message', () =>
    inFolder(async (folder) => {
      const files = { client: join(folder, 'client.jsonl'), server: join(folder, 'server.jsonl') };
      await recordedRedirection(files.client, files.server);
      for (const file of Object.values(files)) {
        for (const role of ['client', 'server'] as const) {
          const report = replaySession(readSession(file), role);
          expect(exceptionsIn(report)).to.deep.equal([]);
          expect(report.given).to.be.above(35);
          expect(report.agreeing).to.be.above(35);
        }
      }
    }));
});

describe('replay of a capture that is not as it should be', () => {
  const HEADER = '{"peer":"someone"}';
  const message = (dir: string, hex: string, channel = 3, t = 1) => JSON.stringify({ t, dir, channel, hex });
  const session = (...lines: string[]) => readCapture([HEADER, ...lines])[0]!;
  const REQUEST = '00000000010000000001000001000000';
  const RESPONSE = '00000000010000000100000000000000';

  it('opens channels by their first message where events are missing', () => {
    const report = replaySession(session(message('s2c', REQUEST), message('c2s', RESPONSE)), 'server');
    expect(report).to.deep.include({ given: 1, accepted: 1, agreeing: 1, ignored: [] });
    // What our server sends next was not recorded.
    expect(report.additional.map(({ name, line }) => `${name} ${line}`)).to.deep.equal([
      'RIMCALL_RELEASE 3',
      'CHANNEL_CREATED 3',
      'RIMCALL_RELEASE 3',
    ]);
  });

  it('says for each line what was wrong with it, and goes on', () => {
    const lines = [message('c2s', '00'), message('s2c', ''), message('s2c', REQUEST), message('c2s', RESPONSE)];
    const report = replaySession(session(...lines), 'server');
    expect(report.ignored).to.deep.equal([
      {
        line: 2,
        channel: 3,
        name: 'message',
        reason: 'SHARED_MSG_HEADER.InterfaceId: needs 4 bytes, 1 left (offset 0, [MS-RDPEUSB] 2.2.1)',
      },
    ]);
    expect(report.differing.map(({ line }) => line)).to.deep.equal([3]);
    expect(report.accepted).to.equal(1);
  });

  it('gives nothing to a channel that is closed, and starts anew when it is created again', () => {
    const created = JSON.stringify({ t: 1, dir: 'c2s', channel: 3, event: 'created', status: 0 });
    const close = JSON.stringify({ t: 1, dir: 's2c', channel: 3, event: 'close' });
    const report = replaySession(session(created, close, message('c2s', RESPONSE), created), 'server');
    expect(report.given).to.equal(0);
    expect(report.skipped.map(({ line, reason }) => `${line} ${reason}`)).to.deep.equal([
      '4 the server closed the channel at line 3',
    ]);
  });

  it('lets timers go off at the time of the lines', () => {
    const report = replaySession(session(message('s2c', REQUEST), message('c2s', RESPONSE, 3, 20_000)), 'server');
    expect(report.closed.map(({ name, line }) => `${name} ${line}`)).to.deep.equal(['timer 3']);
    expect(report.skipped).to.have.length(1);
  });
});
