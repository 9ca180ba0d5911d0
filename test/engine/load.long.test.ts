import { PLACES, testBackPressure } from './backPressure.ts';
import { testChaos } from './chaos.ts';
import { testMutatedMessages } from './mutatedMessages.ts';

for (const place of PLACES) testBackPressure(place, 1000);
describe('mutated messages', () => testMutatedMessages(100_000, 400));
describe('whatever happens, in whatever order', () => testChaos(60));
