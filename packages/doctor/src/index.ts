export { diagnose } from './diagnose.ts'
export { type DiagnoseOptions, DoctorOptionError } from './options.ts'
export type { Check, CheckId, Hop, Remedy, Report, StreamFigures, Verdict } from './report.ts'
