import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Ends a run with one plain line, and prints every skipped test with its reason. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    for (const test of tests) if (test.result().state === 'skipped') console.log(`skipped: ${test.fullName}${reason(test)}`);
    // A file that cannot even be loaded has no tests, but it has failed.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    console.log(`${count('passed')} passed, ${count('failed') + broken} failed, ${count('skipped')} skipped`);
  }
}

function reason(test: TestCase): string {
  const result = test.result();
  return 'note' in result && result.note ? ` (${result.note})` : '';
}
