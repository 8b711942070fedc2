/** How much the endpoints of the server send that send a lot. */
export const totalBytes = 100_000_000
