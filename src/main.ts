#!/usr/bin/env node
// Nothing is imported before the version is known: what follows needs syntax and modules that an old Node lacks.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `rouse needs Node.js 20.19 or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org\n`,
  )
  process.exitCode = 1
} else {
  // A reader that has seen enough (`rouse events | head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const { runCli } = await import('./cli/program.js')
  process.exitCode = await runCli(process.argv.slice(2))
  // Everything is closed by now. A handle that a library left open must not keep a stopped daemon in the process list.
  setTimeout(() => {
    const left = [...new Set(process.getActiveResourcesInfo())].filter((name) => name !== 'Timeout')
    process.stderr.write(`rouse: ended, but ${left.join(', ')} stayed open; leaving\n`)
    process.exit()
  }, 2000).unref()
}

export {}
