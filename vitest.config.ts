import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What starts processes takes longest and waits most: it begins first, so that nothing long is left at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) =>
      /\/test\/(e2e|browser)\/|\/(power|disk-faults)\./.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // One more than the two cores that the suite is made for, because processes are waited for.
    maxWorkers: 3,
    // Files share what they import, which nothing of ours changes; loading it for each took a third of the time.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
})
