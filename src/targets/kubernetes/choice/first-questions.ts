import type { Wanted } from '../../../alerts/labels.ts';
import { asFailure, type Failure } from '../../../reasons/failure.ts';
import { Cluster } from '../connection/cluster.ts';
import { findPods } from './find-pods.ts';

/** What is certain about a search for pods before the API server has been asked anything. */
export interface FirstQuestions {
  /** What would be asked, in order, until a lead leads somewhere: `GET /api/v1/namespaces/shop/pods/checkout-1`. */
  questions: string[];
  /** Why the search would end without a question; null when it has one. */
  refusal: Failure | null;
}

/**
 * For `explain --offline`: the search itself, in a cluster that holds nothing. So it names what is asked while nothing has
 * been found; what is asked about the pods depends on the answers.
 * @param namespaces where flamepin may look; null: everywhere
 */
export async function firstQuestions(
  wanted: Wanted,
  namespaces: readonly string[] | null,
): Promise<FirstQuestions> {
  const questions: string[] = [];
  const emptyCluster = new Cluster({
    get: (path, query = {}) => {
      const search = decodeURIComponent(new URLSearchParams(query).toString());
      questions.push(`GET ${path}${search === '' ? '' : `?${search}`}`);
      return Promise.resolve(undefined);
    },
    send: ({ path }) => {
      questions.push(`GET ${path}`);
      return Promise.resolve({ status: 404, body: null });
    },
  });
  const end = await findPods(emptyCluster, wanted, namespaces).then(
    () => null,
    (error: unknown) => asFailure(error),
  );
  return { questions, refusal: questions.length === 0 ? end : null };
}
