/** The two functions that flamepin uses of jStat, which has no types of its own. */
declare module 'jstat' {
  interface StudentT {
    /** P(T ≤ x) with `freedom` degrees of freedom. */
    cdf(x: number, freedom: number): number;
    /** x with P(T ≤ x) = `probability`. */
    inv(probability: number, freedom: number): number;
  }
  const library: { jStat: { studentt: StudentT } };
  export default library;
}
