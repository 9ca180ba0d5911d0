/**
 * Grades other implementations of MS-RDPEUSB: plays the other end and tests requirement by requirement.
 *
 * @packageDocumentation
 */
export type { ClientGradingSettings, Trait } from '../conformance/client/clientGrading.ts';
export { clientTests, type ConformanceTest, serverTests } from '../conformance/conformanceTests.ts';
export type { ExchangeEntry } from '../conformance/exchangeLog.ts';
export type { GradingSettings } from '../conformance/grading.ts';
export { junitReport } from '../conformance/junit.ts';
export { jsonReport, resultText, textReport } from '../conformance/report.ts';
export type { ProgramRead, ServerGradingSettings, ServerProgram } from '../conformance/server/serverGrading.ts';
export { passed, type Report, type Result, type Verdict } from '../conformance/suite.ts';
