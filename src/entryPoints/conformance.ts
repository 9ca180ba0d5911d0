/**
 * Grades other implementations of MS-RDPEUSB: plays the other end and tests requirement by requirement.
 *
 * ```ts
 * for (const test of clientTests({ clock: systemClock, connect: () => dial('tcp://127.0.0.1:3000') })) {
 *   console.log(resultText(await test.run()));
 * }
 * ```
 *
 * @packageDocumentation
 */
export {
  type ClientGradingSettings,
  HANG_REQUEST,
  SETUP_ECHO_REQUEST,
  type Trait,
  TRAITS,
} from '../conformance/client/clientGrading.ts';
export { clientTests, type ConformanceTest, serverTests } from '../conformance/conformanceTests.ts';
export type { ExchangeEntry } from '../conformance/exchangeLog.ts';
export type { GradingSettings } from '../conformance/grading.ts';
export { junitReport } from '../conformance/junit.ts';
export { countVerdicts, jsonReport, resultText, summaryText, textReport } from '../conformance/report.ts';
export type { ProgramRead, ServerGradingSettings, ServerProgram } from '../conformance/server/serverGrading.ts';
export { passed, type Report, type Result, type Verdict } from '../conformance/suite.ts';
export {
  transportContract,
  type TransportConnection,
  type TransportContractOptions,
  type TransportTest,
} from '../conformance/transport/transportContract.ts';
