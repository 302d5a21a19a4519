import { z } from 'zod';
import { Failure } from '../../reasons/failure.ts';
import { messageOf, type Engine } from './engine.ts';

const labelsSchema = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {});

/** `GET /containers/json`, as far as it is read. */
const listedSchema = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    State: z.string(),
    Labels: labelsSchema,
    Ports: z
      .array(z.object({ PrivatePort: z.number(), PublicPort: z.number().optional(), Type: z.string() }))
      .nullish(),
    NetworkSettings: z
      .object({
        Networks: z
          .record(
            z.string(),
            z.object({ IPAddress: z.string().nullish(), GlobalIPv6Address: z.string().nullish() }).nullable(),
          )
          .nullish(),
      })
      .nullish(),
  }),
);

/** A container as the engine lists it. */
export interface Container {
  engine: Engine;
  id: string;
  /** Without the slash that the API writes before it. */
  name: string;
  /** `running`, `paused`, `restarting`, `exited`, … */
  state: string;
  labels: Readonly<Record<string, string>>;
  /** Its own addresses on its networks. */
  addresses: string[];
  /** Ports of the host that lead to it, and its own. */
  ports: { own: number; published: number | null }[];
}

const inspectedSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  /** Digest of the image's configuration. */
  Image: z.string(),
  RestartCount: z.number(),
  Config: z.object({ User: z.string() }),
  HostConfig: z.object({
    CapAdd: z.array(z.string()).nullish(),
    CapDrop: z.array(z.string()).nullish(),
    UsernsMode: z.string().optional(),
    Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullish(),
  }),
  State: z.object({
    Running: z.boolean(),
    Paused: z.boolean(),
    OOMKilled: z.boolean(),
    ExitCode: z.number(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
});
export type Inspected = z.infer<typeof inspectedSchema>;

const statsSchema = z.object({ cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }) });

export const containersPath = '/containers/json?all=true';

/** All containers of an engine, those that ended too: a name that leads to one is worth saying. */
export async function listContainers(engine: Engine, signal: AbortSignal): Promise<Container[]> {
  const answer = await engine.ask('GET', containersPath, { signal });
  if (answer.status !== 200) throw refused(engine, answer);
  return readAs(listedSchema, answer.body, engine).map(
    ({ Id, Names, State, Labels, Ports, NetworkSettings }) => ({
      engine,
      id: Id,
      name: (Names[0] ?? Id).replace(/^\//, ''),
      state: State,
      labels: Labels,
      addresses: Object.values(NetworkSettings?.Networks ?? {}).flatMap((network) =>
        [network?.IPAddress, network?.GlobalIPv6Address].filter(
          (address) => typeof address === 'string' && address !== '',
        ),
      ) as string[],
      ports: (Ports ?? [])
        .filter(({ Type }) => Type === 'tcp')
        .map(({ PrivatePort, PublicPort }) => ({ own: PrivatePort, published: PublicPort ?? null })),
    }),
  );
}

/** One container now; undefined when there is none of that id or name. */
export async function inspectContainer(
  engine: Engine,
  idOrName: string,
  signal: AbortSignal,
): Promise<Inspected | undefined> {
  const answer = await engine.ask('GET', `/containers/${encodeURIComponent(idOrName)}/json`, { signal });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(engine, answer);
  return readAs(inspectedSchema, answer.body, engine);
}

/** CPU time that the container has used since it started, seconds; null when the engine does not say. */
export async function cpuSeconds({ engine, id }: Container, signal: AbortSignal): Promise<number | null> {
  const answer = await engine.ask(
    'GET',
    `/containers/${encodeURIComponent(id)}/stats?stream=false&one-shot=true`,
    { signal },
  );
  const parsed = statsSchema.safeParse(answer.body);
  return parsed.success ? parsed.data.cpu_stats.cpu_usage.total_usage / 1e9 : null;
}

function readAs<Schema extends z.ZodType>(schema: Schema, body: unknown, engine: Engine): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Failure('exec-unavailable', {
    detail: `engine ${engine.name} does not answer as the Docker Engine API does`,
    cause: parsed.error,
  });
}

function refused(engine: Engine, answer: { status: number; body: unknown }): Failure {
  return new Failure([401, 403].includes(answer.status) ? 'exec-denied' : 'exec-unavailable', {
    detail: `engine ${engine.name}: ${messageOf(answer)}`,
  });
}
