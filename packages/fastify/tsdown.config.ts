import base from '../../tsdown.base.ts'

/** Named exports and a default one, as Fastify's plugins have: `require('@rivulet/fastify')` is an object with both. */
export default { ...base, outputOptions: { exports: 'named' } }
