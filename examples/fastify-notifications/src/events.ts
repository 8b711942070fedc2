import { z } from 'zod'

/**
 * What goes over the stream. These schemas type and check what is published, and make the page at /docs: to change an event,
 * change it here, and follow the compiler.
 */

export const notification = z
  .object({
    id: z.string(),
    from: z.string().meta({ description: 'Name of the sender.' }),
    to: z.string().meta({ description: 'Whom it is for: user:ada, team:design.' }),
    text: z.string(),
    at: z.number().meta({ description: 'When it was sent, in milliseconds since 1970.' }),
    isRead: z.boolean(),
  })
  .meta({ id: 'Notification' })

export type Notification = z.infer<typeof notification>

export const notificationEvents = {
  inbox: z.object({ notifications: z.array(notification) }).meta({
    description:
      'All that is in the inbox. The first event for a page that is new, or was away for too long.',
  }),
  'notification.created': notification.meta({ description: 'There is one more.' }),
  'notification.read': z
    .object({ ids: z.array(z.string()) })
    .meta({ description: 'These were read, in this tab or another one.' }),
}
