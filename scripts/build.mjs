import { buildPackages } from './prepare.mjs'

buildPackages()
