/** A program: fauxqs, of the module that is named, on a free port, which it prints. */
const [module = ''] = process.argv.slice(2)
const { startFauxqs } = (await import(module)) as {
  startFauxqs(options: object): Promise<{ readonly port: number }>
}
const { port } = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' })
console.log(port)
