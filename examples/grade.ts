// Grades a client of your own by the conformance suite, in one process: the suite plays the server. Here the client is this
// library's, with a virtual FX2, the board that most requirements can be judged with; `connect` is where yours comes in.
import { OsrFx2 } from 'urbdrc/devices/virtual';
import { memoryPair, RedirectionClient, systemClock } from 'urbdrc';
import { clientTests, passed, type Result, resultText, summaryText } from 'urbdrc/conformance';

const tests = clientTests({
  clock: systemClock,
  quiet: 20,
  // Called for each requirement: what it resolves with is a connection to a client that has just started.
  connect: () => {
    const [clients, suites] = memoryPair();
    void new RedirectionClient(clients).attach(new OsrFx2());
    return Promise.resolve(suites);
  },
});

const results: Result[] = [];
for (const test of tests.filter(({ id }) => ['C01', 'C12', 'C26'].includes(id))) {
  const result = await test.run();
  results.push(result);
  console.log(resultText(result));
}
const report = { graded: 'client', results } as const;
console.log(summaryText(report));
if (!passed(report)) process.exitCode = 1;
