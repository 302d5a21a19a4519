/** What is told of a program that sends notifications. */
interface SenderEntry {
  /** As it is called in sentences. */
  title: string;
  /** How it may send: `/webhooks/NAME` answers these. */
  methods: readonly ('post' | 'put')[];
  /** For the OpenAPI document: what of its body is passed over. */
  passedOver: string;
}

/**
 * The programs whose webhooks flamepin reads, by the name that stands in the path, in `sources` and in an alert. The
 * only list: routes, configuration, the alert's schema and the OpenAPI document follow from it.
 */
export const senders = {
  alertmanager: {
    title: 'Alertmanager',
    methods: ['post'],
    passedOver: 'Unknown fields are ignored.',
  },
  grafana: {
    title: 'Grafana',
    methods: ['post', 'put'],
    passedOver: 'Its custom payload is not read.',
  },
} as const satisfies Record<string, SenderEntry>;

export type Sender = keyof typeof senders;

export const senderNames = Object.keys(senders) as [Sender, ...Sender[]];

export function isSender(name: string): name is Sender {
  return Object.hasOwn(senders, name);
}
