import { z } from 'zod';
import type { CollectionDefinition } from './collection.ts';

/** A message that can't be worked on, kept so that it can be acknowledged and still be looked into. */
export const rejectedMessage = z.strictObject({
  messageId: z.string(),
  subscription: z.string().nullable(),
  /** What is wrong with it. */
  reason: z.string(),
  /** Its beginning. */
  body: z.string(),
  attempt: z.number().int().nullable(),
  publishedAt: z.string().nullable(),
  receivedAt: z.string(),
});

export type RejectedMessage = z.infer<typeof rejectedMessage>;

export const rejectedMessages: CollectionDefinition<RejectedMessage> = {
  name: 'rejected_messages',
  version: 1,
  schema: rejectedMessage,
};
