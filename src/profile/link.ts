/** A link on a page, a mark or a summary. Both may come from an alert and are hostile text until they are written. */
export interface Link {
  text: string;
  /** Relative on flamepin's own pages, else absolute. */
  url: string;
}
