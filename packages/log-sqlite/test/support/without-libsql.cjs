// Required before everything else, in each thread: as if libsql had not been installed, or had no binary for this machine.
const Module = require('node:module')

const load = Module._load
Module._load = function (request, ...rest) {
  if (/^libsql$|[\\/]libsql[\\/]/.test(request)) throw new Error("Cannot find module 'libsql'")
  return load.call(this, request, ...rest)
}
