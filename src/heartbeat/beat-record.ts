import { z } from 'zod';
import { InvalidDataError } from '../errors/index.ts';
import { type Beat, beatStatuses } from './beat.ts';

const time = z.iso.datetime();

// Not strict: what a newer release adds to a beat must not hide it from this one.
const beatRecord: z.ZodType<Beat> = z.object({
  processor: z.string(),
  key: z.string(),
  runId: z.string(),
  fence: z.number().int().nonnegative(),
  status: z.enum(beatStatuses),
  started: time,
  beat: time,
  sequence: z.number().int().positive(),
  progress: z
    .object({ done: z.number(), total: z.number().nullable(), message: z.string().nullable() })
    .nullable(),
  step: z.string().nullable(),
  progressed: time,
  lag: z.number().nonnegative(),
  host: z.string(),
  version: z.string(),
  expires: time,
});

/**
 * The beat in a record that a sink has read.
 *
 * @param where What errors call the record, such as a file's name.
 * @throws InvalidDataError naming the record and the field.
 */
export function parseBeat(record: unknown, where: string): Beat {
  const { success, data, error } = beatRecord.safeParse(record);
  if (success) return data;
  const [issue] = error.issues;
  throw new InvalidDataError(
    `${where} holds no heartbeat: ${issue?.path.join('.') || 'the record'}: ${issue?.message ?? 'invalid'}`,
    { cause: error },
  );
}
