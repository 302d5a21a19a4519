/** The annotation or label with which an owner allows or denies profiling: `allow`, `deny`. */
export const permission = 'flamepin.io/profile';
