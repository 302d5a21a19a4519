import type { Profile } from '../profile.ts';
import { Tuples } from '../tuples.ts';

/** Frames and stacks that all events share, numbered as samples are read; see `frames` and `stacks` of a Profile. */
export class StackTable {
  private readonly names: string[] = [''];
  private readonly types: number[] = [0];
  private readonly frameNumbers: Map<string, number>[] = [];
  private readonly nodes = new Tuples();

  constructor() {
    this.nodes.index(0, 0, 0); // the root, its own parent
  }

  frame(name: string, type: number): number {
    const ofType = (this.frameNumbers[type] ??= new Map());
    let number = ofType.get(name);
    if (number === undefined) {
      number = this.names.length;
      this.names.push(name);
      this.types.push(type);
      ofType.set(name, number);
    }
    return number;
  }

  /** The node of `frame` at `line` (0: unknown) called by node `parent`. */
  child(parent: number, frame: number, line: number): number {
    return this.nodes.index(parent, frame, line);
  }

  columns(): Pick<Profile, 'frames' | 'stacks'> {
    const [parent, frame, line] = this.nodes.columns;
    return { frames: { name: this.names, type: this.types }, stacks: { parent, frame, line } };
  }
}
