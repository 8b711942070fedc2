/** The check of the position before the first entry, as the contract has it. */
export const startCheck = '0'
