/** `npm start`: the whole stack on this machine. */
const OLDEST_NODE = 24

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(
    `This needs Node ${OLDEST_NODE}, and this is ${process.version}; run it as "npm start" after "npm ci", which brings one.`,
  )
  process.exit(1)
}

// Loaded only now: an older Node would stop at the first file with a message of its own.
const { runStack } = await import('../local/run.ts')
process.exit(await runStack(process.argv.slice(2)))

export {}
