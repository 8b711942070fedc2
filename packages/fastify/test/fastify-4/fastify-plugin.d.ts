/** The types of `fastify-plugin` find their own Fastify, which here is 5. What is published does not mention them. */
export default function fastifyPlugin<Plugin>(
  plugin: Plugin,
  options: { name: string; fastify: string },
): Plugin
